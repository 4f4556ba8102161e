// What one account that sends at 100 times its rate does to others: 20 calm senders are timed before, during and after it. JSON lines, then the ratio.
//   NoisyAccount https://localhost:8443 CA.pem CORE_PID [SECONDS] [NOISY_PER_SECOND]      60 and 1,000; loadtests/noisy-account starts everything for it
// Users are u0000000, u0000001, ...; the password is pw- and the user. A message's time runs from when it was due, so a stall counts for all it held up.
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

const int Calm = 20;
const int CalmPerSecond = 5;        // half of what an account may send
const int Noisy = Calm;             // the number of the noisy account
const int FirstRecipient = 100;
const int Recipients = 400;         // offline, so many that no queue fills up
const int NoisyConnections = 8;
const int WarmUps = 4_000;           // by accounts of their own, as fast as the noise: half of what a burst allows each
const int MostUnderWay = 500;
const int Burst = 1_000;             // by default, docs/spec.md N.quotas

Uri api = new(args[0]);
using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(args[1]);
using Process core = Process.GetProcessById(int.Parse(args[2], CultureInfo.InvariantCulture));
int seconds = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 60;
int perSecond = args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 1_000;
if (args is [.., "noise"])
{
    await MakeNoiseAsync();
    return 0;
}

// In a process of its own, warm before anything is measured: its threads, garbage and compiler are not the calm senders' to wait for.
// At low priority: in operation it is another machine that pays for it. Whether it kept its rate is printed.
ProcessStartInfo start = new("nice", ["-n", "19", Environment.ProcessPath!, typeof(Program).Assembly.Location, args[0], args[1], args[2], $"{seconds}", $"{perSecond}", "noise"])
{
    RedirectStandardInput = true,
};
using Process noise = Process.Start(start)!;
HttpClient[] calm = [.. Enumerable.Range(0, Calm).Select(user => Client(user, HttpVersion.Version11))];   // theirs for all phases: handshakes are not what is timed
await CalmAsync("warm-up", TimeSpan.FromSeconds(Math.Min(30, seconds)));
double before = await CalmAsync("before", TimeSpan.FromSeconds(seconds));
await noise.StandardInput.WriteLineAsync("now");
double during = await CalmAsync("during", TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(Math.Min(seconds / 2.0, 1.5 * Burst / perSecond)));
await noise.WaitForExitAsync();
double after = await CalmAsync("after", TimeSpan.FromSeconds(seconds));
Print(new { phase = "ratio", p99_during_to_before = Math.Round(during / before, 2), p99_after_to_before = Math.Round(after / before, 2) });
foreach (HttpClient client in calm) client.Dispose();
return 0;

// The 99th percentile, milliseconds. What was due before the split stands in a line of its own too: the burst that the noisy account is allowed is work
// like any other and takes its time, what comes after it is refused.
async Task<double> CalmAsync(string phase, TimeSpan duration, TimeSpan split = default)
{
    (TimeSpan used, double busy) = (CoreTime(), MachineSeconds());
    List<Sent>[] sent = await Task.WhenAll(Enumerable.Range(0, Calm).Select(user => CalmSenderAsync(calm[user], user, duration)));
    double[] all = Sorted(_ => true);
    Print(new { phase, seconds = duration.TotalSeconds, accepted = all.Length, p50_ms = At(all, 0.50), p90_ms = At(all, 0.90), p99_ms = At(all, 0.99), max_ms = At(all, 1), core_cpu = Cores((CoreTime() - used).TotalSeconds), machine_cpu = Cores(MachineSeconds() - busy) });
    if (split > TimeSpan.Zero)
    {
        (double[] burst, double[] flood) = (Sorted(s => s.Due < split), Sorted(s => s.Due >= split));
        Print(new { phase = phase + ", allowed burst", seconds = split.TotalSeconds, p50_ms = At(burst, 0.50), p99_ms = At(burst, 0.99), max_ms = At(burst, 1) });
        Print(new { phase = phase + ", refused flood", seconds = (duration - split).TotalSeconds, p50_ms = At(flood, 0.50), p99_ms = At(flood, 0.99), max_ms = At(flood, 1) });
    }

    return At(all, 0.99);

    double[] Sorted(Func<Sent, bool> wanted) => [.. sent.SelectMany(s => s).Where(wanted).Select(s => s.TookMs).Order()];

    double Cores(double cpuSeconds) => Math.Round(cpuSeconds / duration.TotalSeconds, 2);
}

// CPU time of the core so far.
TimeSpan CoreTime()
{
    core.Refresh();
    return core.TotalProcessorTime;
}

// CPU seconds of everything on the machine (proc(5), 100 ticks a second): where all cores are busy without the noise too, no ratio means anything.
double MachineSeconds()
{
    long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
    return (ticks[..8].Sum() - ticks[3] - ticks[4]) / 100.0;   // without idle and iowait
}

async Task<List<Sent>> CalmSenderAsync(HttpClient client, int user, TimeSpan duration)
{
    List<Sent> times = [];
    TimeSpan interval = TimeSpan.FromSeconds(1.0 / CalmPerSecond);
    TimeSpan offset = interval * user / Calm;   // not all at once
    await SendAsync(client, user, 0);           // the first time with the handshake
    long began = Stopwatch.GetTimestamp();
    for (int i = 0; offset + (i * interval) < duration; i++)
    {
        TimeSpan due = offset + (i * interval);
        TimeSpan early = due - Stopwatch.GetElapsedTime(began);
        if (early > TimeSpan.Zero)
        {
            await Task.Delay(early);
            due = Stopwatch.GetElapsedTime(began);   // a timer that woke up late is not the server's fault; a message before that took too long is
        }

        HttpStatusCode status = await SendAsync(client, user, i);
        if (status != HttpStatusCode.OK) throw new InvalidOperationException($"a calm sender was answered {status}");
        times.Add(new Sent(due, (Stopwatch.GetElapsedTime(began) - due).TotalMilliseconds));
    }

    return times;
}

async Task MakeNoiseAsync()
{
    HttpClient[] clients = [.. Enumerable.Range(0, NoisyConnections).Select(_ => Client(Noisy, HttpVersion.Version20))];
    HttpClient[] others = [.. Enumerable.Range(1, NoisyConnections).Select(i => Client(Noisy + i, HttpVersion.Version20))];
    await Task.WhenAll(others.Select(async (other, n) =>
    {
        for (int i = n; i < WarmUps; i += others.Length) await SendAsync(other, Noisy + 1 + n, i);
    }));
    // One of them far over its rate: the first refusal of a core's life, compiled while others wait, is not what is asked here.
    await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
    {
        for (int i = n; i < 3 * Burst; i += 8) await SendAsync(others[0], Noisy + 1, i);
    }));
    foreach (HttpClient client in clients) (await client.GetAsync("/v1/limits")).Dispose();   // the handshakes
    await Console.In.ReadLineAsync();

    int underWay = 0, sent = 0, accepted = 0, refused = 0, other = 0, skipped = 0;
    long began = Stopwatch.GetTimestamp();
    while (Stopwatch.GetElapsedTime(began) is var now && now < TimeSpan.FromSeconds(seconds))
    {
        for (; sent + skipped < now.TotalSeconds * perSecond;)
        {
            if (Volatile.Read(ref underWay) >= MostUnderWay)
            {
                skipped++;
                continue;
            }

            _ = OneAsync(sent++);
        }

        await Task.Delay(1);
    }

    while (Volatile.Read(ref underWay) > 0) await Task.Delay(10);
    Print(new { phase = "noise", seconds, sent, skipped, accepted, refused, other });
    foreach (HttpClient client in clients.Concat(others)) client.Dispose();

    async Task OneAsync(int i)
    {
        Interlocked.Increment(ref underWay);
        try
        {
            HttpStatusCode status = await SendAsync(clients[i % clients.Length], Noisy, i);
            if (status == HttpStatusCode.OK) Interlocked.Increment(ref accepted);
            else if (status == HttpStatusCode.TooManyRequests) Interlocked.Increment(ref refused);
            else Interlocked.Increment(ref other);
        }
        catch (HttpRequestException)
        {
            Interlocked.Increment(ref other);
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }
}

async Task<HttpStatusCode> SendAsync(HttpClient client, int user, int i)
{
    using HttpResponseMessage response = await client.PostAsJsonAsync(
        "/v1/messages", new { messageId = Guid.NewGuid(), recipient = Name(FirstRecipient + ((user + (i * 7)) % Recipients)), text = "one of many" });
    await response.Content.ReadAsByteArrayAsync();
    return response.StatusCode;
}

HttpClient Client(int user, Version version)
{
    SocketsHttpHandler handler = new() { MaxConnectionsPerServer = 1 };
    handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
    handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(authority);
    HttpClient client = new(handler) { BaseAddress = api, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    string credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Name(user)}:pw-{Name(user)}"));
    client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
    return client;
}

static string Name(int user) => string.Create(CultureInfo.InvariantCulture, $"u{user:D7}");

static double At(double[] sorted, double part) => Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))], 2);

static void Print<T>(T line) => Console.WriteLine(JsonSerializer.Serialize(line));

/// <summary>A calm sender's message: when it was due, and how long its answer took from then.</summary>
internal readonly record struct Sent(TimeSpan Due, double TookMs);
