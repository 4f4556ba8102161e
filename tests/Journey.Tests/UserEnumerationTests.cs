using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Whoever may not log in learns nothing of who may: the same status, headers, lengths and time for users that are there and users that are not.</summary>
/// <remarks>Times are a report, by <c>tests/user-enumeration</c> with 2,000 tries of each; the suite makes few and judges none.</remarks>
public sealed class UserEnumerationTests
{
    private const int Users = 100;

    /// <summary>What repeats the request is left out: it differs with it.</summary>
    private static readonly string[] Echoed = ["Via", "CSeq", "Call-ID", "From"];

    private static int Tries { get; } = int.TryParse(Environment.GetEnvironmentVariable("EDGE_ENUMERATION"), out int tries) ? tries : Users;

    [Fact]
    [Spec("E.credentials", "E.unknown")]
    public async Task Answers_OfKnownAndUnknownUsers_AreTheSame()
    {
        await using JourneySystem system = new(Journeys.CoreAssembly, "--Api:FreeFailures=1000", "--Api:ExemptLoopback=true");
        await system.InitializeAsync();
        Account[] known = [.. await system.NewAccountsAsync("known", Users)];
        Account[] unknown = [.. known.Select(static account => account with { User = "other" + account.User[5..] })];
        await using SipClient phone = await system.RegisteredAsync(known[0]);   // its registration keeps the connection open
        SipClient? stranger = null;
        using HttpClient http = system.NewHttpClient();
        Uri messages = new($"https://localhost:{system.ApiPort}/v1/messages");
        Uri method = new($"https://localhost:{system.ApiPort}/edge.messages.v1.MessagesService/Send");
        List<string> report = [];
        foreach ((string way, string expected, Func<Account, Task<(string Answer, TimeSpan Took)>> ask) in Ways())
        {
            Account[][] sides = [known, unknown];
            List<double>[] took = [[], []];
            for (int i = 0; i < Tries; i++)
            {
                string[] answers = new string[2];
                for (int side = 0; side < 2; side++)
                {
                    int first = (side + i) % 2;   // neither is always asked behind the other
                    (answers[first], TimeSpan time) = await ask(sides[first][1 + (i % (Users - 1))]);
                    took[first].Add(time.TotalMicroseconds);
                }

                Assert.Equal(answers[0], answers[1]);
                Assert.Contains(expected, answers[0], StringComparison.Ordinal);   // what the way is about, not some other refusal
            }

            (double knownUs, double unknownUs) = (Median(took[0]), Median(took[1]));
            report.Add(string.Create(CultureInfo.InvariantCulture, $"{way}: known {knownUs:F0} µs, unknown {unknownUs:F0} µs, {unknownUs / knownUs:F3}"));
        }

        await stranger!.DisposeAsync();
        TestContext.Current.SendDiagnosticMessage("medians of {0} tries each: {1}", Tries, string.Join("; ", report));

        IEnumerable<(string, string, Func<Account, Task<(string, TimeSpan)>>)> Ways() =>
        [
            ("REGISTER, no password", "SIP/2.0 401", who => AskAsync(phone, who, () => phone.RegisterText(600, null, null))),
            ("REGISTER, wrong password", "SIP/2.0 401", async who =>
            {
                phone.User = who.User;
                SipText challenge = await phone.RequestAsync(phone.RegisterText(600, null, null));
                phone.Password = "wrong";
                return await AskAsync(phone, who, () => phone.RegisterText(600, null, phone.Authorization(challenge, "REGISTER", $"sip:{JourneySystem.Domain}")));
            }),
            ("MESSAGE, no password", "SIP/2.0 401", async who =>
            {
                stranger ??= await system.ConnectedAsync(who);   // not before: without a registration it lives for 15 s
                return await AskAsync(stranger, who, () => stranger.MessageText(known[0].User, "hello"));
            }),
            ("MESSAGE, wrong password", "SIP/2.0 401", async who =>
            {
                stranger ??= await system.ConnectedAsync(who);
                (stranger.User, stranger.Password) = (who.User, "wrong");
                SipText challenge = await stranger.RequestAsync(stranger.MessageText(known[0].User, "hello"));
                string uri = $"sip:{known[0].User}@{JourneySystem.Domain}";
                return await AskAsync(stranger, who, () => stranger.MessageText(known[0].User, "hello")
                    .Replace("\r\nContent-Type", $"\r\nAuthorization: {stranger.Authorization(challenge, "MESSAGE", uri)}\r\nContent-Type", StringComparison.Ordinal));
            }),
            ("MESSAGE to him, no password", "SIP/2.0 401", async who =>
            {
                stranger ??= await system.ConnectedAsync(who);
                return await AskAsync(stranger, known[0], () => stranger.MessageText(who.User, "hello"));
            }),
            ("OPTIONS", "SIP/2.0 200", who => AskAsync(phone, who, () => phone.PlainText("OPTIONS", $"sip:{who.User}@{JourneySystem.Domain}"))),
            ("POST, no password", "401; ", who => PostAsync(http, messages, null)),
            ("POST, wrong password", "401; ", who => PostAsync(http, messages, $"{who.User}:wrong")),
            ("gRPC, no password", "grpc-status 16", who => CallAsync(http, method, null)),
            ("gRPC, wrong password", "grpc-status 16", who => CallAsync(http, method, $"{who.User}:wrong")),
        ];
    }

    /// <summary>Also whoever has failed too often, and is told to wait: by whichever way he failed, by all of them.</summary>
    [Fact]
    [Spec("E.credentials")]
    public async Task Answers_AfterTooManyFailures_AreTheSame()
    {
        await using JourneySystem system = new(Journeys.CoreAssembly, "--Api:ExemptLoopback=true");
        await system.InitializeAsync();
        Account known = (await system.NewAccountsAsync("known", 1))[0], unknown = known with { User = "other" + known.User[5..] };
        using HttpClient http = system.NewHttpClient();
        Uri messages = new($"https://localhost:{system.ApiPort}/v1/messages");
        Uri method = new($"https://localhost:{system.ApiPort}/edge.messages.v1.MessagesService/Send");
        await using SipClient phone = await system.ConnectedAsync(known);
        List<string>[] sides = [[], []];
        for (int round = 0; round < 3; round++)   // five failures are free: the second round meets the limit, after two or three by each way
        {
            for (int side = 0; side < 2; side++)
            {
                Account who = side == 0 ? known : unknown;
                (phone.User, phone.Password) = (who.User, "wrong");
                SipText challenge = await phone.RequestAsync(phone.RegisterText(600, null, null));
                sides[side].Add((await AskAsync(phone, who, () => phone.RegisterText(600, null, phone.Authorization(challenge, "REGISTER", $"sip:{JourneySystem.Domain}")))).Answer);
                sides[side].Add((await PostAsync(http, messages, $"{who.User}:wrong")).Answer);
                sides[side].Add((await CallAsync(http, method, $"{who.User}:wrong")).Answer);
            }
        }

        Assert.Equal(sides[0], sides[1]);
        Assert.All(sides[0].Take(5), static answer => Assert.Matches("^(SIP/2.0 401|401|200.*grpc-status 16)", answer));
        string[] waiting = ["SIP/2.0 403", "429", "grpc-status 8"];
        Assert.All(sides[0].TakeLast(3).Zip(waiting), static pair => Assert.Contains(pair.Second, pair.First, StringComparison.Ordinal));
    }

    private static async Task<(string Answer, TimeSpan Took)> AskAsync(SipClient phone, Account who, Func<string> request)
    {
        phone.User = who.User;
        string text = request();
        long began = Stopwatch.GetTimestamp();
        SipText answer = await phone.RequestAsync(text);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        return ($"{answer.StartLine}; {string.Join(", ", answer.Headers.Where(static header => !Echoed.Contains(header.Key)).Select(static header => $"{header.Key} {header.Value.Length}"))}; {answer.Body.Length}", took);
    }

    private static async Task<(string Answer, TimeSpan Took)> PostAsync(HttpClient http, Uri messages, string? credentials)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, messages) { Content = new StringContent("{}", new MediaTypeHeaderValue("application/json")) };
        return await AskAsync(http, request, credentials);
    }

    /// <summary>A gRPC call by hand: an empty message, and everything that comes back, trailers too.</summary>
    private static async Task<(string Answer, TimeSpan Took)> CallAsync(HttpClient http, Uri method, string? credentials)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]) };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        return await AskAsync(http, request, credentials);
    }

    private static async Task<(string Answer, TimeSpan Took)> AskAsync(HttpClient http, HttpRequestMessage request, string? credentials)
    {
        if (credentials is not null) request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        long began = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = await http.SendAsync(request);
        string body = await answer.Content.ReadAsStringAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        IEnumerable<string> headers = answer.Headers.Concat(answer.Content.Headers).Concat(answer.TrailingHeaders)
            .Select(static header => $"{header.Key} {(header.Key == "Date" ? 0 : string.Join(',', header.Value))}");
        return ($"{(int)answer.StatusCode}; {string.Join(", ", headers)}; {body}", took);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
