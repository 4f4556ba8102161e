using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Journey.Tests.Harness;
using StackExchange.Redis;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>A thousand texts by every way in, some delivered, some waiting, others refused, with everything logged that settings can ask for: then all of it is looked for everywhere.</summary>
public sealed partial class LeakTests
{
    private const int Messages = 1_000;
    private const int People = 10;   // who send, and as many to whom; half of these are registered

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>Every way in which settings can ask for more lines, or more in a line.</summary>
    internal static readonly string[] LowestLevels =
    [
        "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:Microsoft=Trace", "--Logging:LogLevel:Microsoft.AspNetCore=Trace", "--Logging:LogLevel:System=Trace", "--Logging:LogLevel:Grpc=Trace",
        "--Logging:Console:LogLevel:Default=Trace", "--Logging:Console:LogLevel:Microsoft.AspNetCore.Server.Kestrel=Trace", "--Logging:Console:FormatterOptions:IncludeScopes=true",
        "--Logging:Console:FormatterOptions:JsonWriterOptions:Indented=true", "--Logging:Console:FormatterName=simple",
    ];

    /// <summary>Headers that a SIP answer repeats from its own request, because RFC 3261 §8.2.6 and §20.40 say so.</summary>
    private static readonly string[] Repeated = ["Via", "From", "To", "Call-ID", "CSeq", "Unsupported"];

    private readonly SecretSearch _search = new();
    private readonly ConcurrentQueue<string> _answers = new();   // of refused requests
    private readonly List<Account> _senders = [];
    private readonly List<Account> _recipients = [];

    [Theory]
    [InlineData("Native")]
    [InlineData("Portable")]
    [Spec("S9")]
    public async Task Search_AThousandTextsWithEverythingLogged_NothingIsFound(string transport)
    {
        await using JourneySystem system = new(Journeys.CoreAssembly, LowestLevels) { EdgeSettings = [.. LowestLevels, $"--Sip:Transport={transport}"] };
        await FillAsync(system);

        foreach ((string name, byte[] file) in await RedisFilesAsync(system)) Assert.True(_search.In(file) is [], $"{name}: {Tell(_search.In(file))}");
        foreach ((string place, string text) in await ShownAsync(system))
        {
            Assert.True(_search.In(text) is [], $"{place}: {Tell(_search.In(text))}");
            Assert.True(!Address().IsMatch(text), $"{place}: {Address().Match(text)}");
        }

        Assert.True(_search.Count > 4 * Messages, $"{_search.Count} forms were looked for");
        string logs = system.Logs();
        foreach (int debug in (int[])[200, 306, 506]) Assert.Contains($"\"EventId\":{debug},", logs, StringComparison.Ordinal);   // all that our own code has to say was there
    }

    /// <summary>The same with a core built with sealing off, which also lets other libraries log what they like: the search finds texts on disk, and texts and names in lines.</summary>
    [Fact]
    [Spec("S9")]
    public async Task Search_CoreWithSealingOff_FindsThem()
    {
        await using JourneySystem system = new(Journeys.Required(Journeys.UnsealedCoreAssembly, "tests/publish core-unsealed"), LowestLevels) { EdgeSettings = LowestLevels };
        await FillAsync(system);

        Assert.True((await RedisFilesAsync(system)).Sum(file => _search.In(file.Bytes).Count) > Messages / 2, "what waits lies in clear");
        List<string> lines = [.. (await ShownAsync(system)).Where(shown => shown.Place == "a log line").SelectMany(shown => _search.In(shown.Text))];
        Assert.Contains(lines, found => found.StartsWith("text:", StringComparison.Ordinal));
        Assert.Contains(lines, found => found.StartsWith("user name:", StringComparison.Ordinal));
        Assert.Matches(Address(), system.Logs());
    }

    /// <summary>Each form that a secret can take, wherever it stands.</summary>
    [Fact]
    public void Search_EachForm_IsFound()
    {
        Account account = new("person-1", "password-of-person-1");
        byte[] key = RandomNumberGenerator.GetBytes(32);
        string canary = Canary();
        _search.AddPassword(account);
        _search.AddBytes("key", key);
        byte[] ha1 = SHA256.HashData(Encoding.UTF8.GetBytes($"{account.User}:{JourneySystem.Domain}:{account.Password}"));
        foreach (byte[] secret in (byte[][])[Encoding.UTF8.GetBytes(canary), Encoding.UTF8.GetBytes(account.Password), ha1, key])
            Assert.NotEmpty(_search.In([.. "before"u8, .. secret, .. "after"u8]));
        for (int before = 0; before < 4; before++)
            Assert.NotEmpty(_search.In(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{new string('x', before)}{canary} and more"))));
        foreach (string text in (string[])[Basic(account), Convert.ToHexString(ha1), Convert.ToHexStringLower(ha1), Convert.ToHexStringLower(key), Convert.ToBase64String(key)])
            Assert.NotEmpty(_search.In($"\"{text}\""));
        Assert.Empty(_search.In("nothing of the kind"));
    }

    /// <summary>The edge emits no traces: it has nothing that could. What the core's say is looked at in MessageTracesTests.</summary>
    [Fact]
    [Spec("S9")]
    public async Task Packages_OfTheEdge_HoldNoExporterOfTraces()
    {
        string edge = Path.Combine(Repository.Root, "src", "Edge.Sip");
        string packages = await File.ReadAllTextAsync(Path.Combine(edge, "packages.lock.json"), TestContext.Current.CancellationToken);
        Assert.Equal(["OpenTelemetry.Exporter.Prometheus.AspNetCore"], Exporter().Matches(packages).Select(match => match.Groups[1].Value).Distinct());
        Assert.DoesNotContain(".WithTracing(", string.Concat(Directory.EnumerateFiles(edge, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    private static string Tell(IReadOnlyList<string> found) => $"{found.Count} times\n{string.Join('\n', found.Take(10))}";

    /// <summary>What the programs show: their logs, their metrics and what they answered to whom they refused.</summary>
    private async Task<IEnumerable<(string Place, string Text)>> ShownAsync(JourneySystem system) =>
    [
        .. system.Logs().Split('\n').Select(line => ("a log line", line)),
        ("metrics of the core", await system.MetricsAsync(system.CoreMetricsPort)),
        ("metrics of the edge", await system.MetricsAsync(system.EdgeMetricsPort)),
        .. _answers.Select(answer => ("an answer", answer)),
    ];

    private static async Task<IEnumerable<(string Name, byte[] Bytes)>> RedisFilesAsync(JourneySystem system)
    {
        await system.Redis.GetServers()[0].SaveAsync(SaveType.BackgroundSave);
        await Wait.UntilAsync(() => File.Exists(system.In("redis", "dump.rdb")), Soon, "redis-server writes its dump");
        return Directory.EnumerateFiles(system.In("redis"), "*", SearchOption.AllDirectories).Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)));
    }

    private async Task FillAsync(JourneySystem system)
    {
        await system.InitializeAsync();
        using HttpClient http = system.NewHttpClient();
        for (int i = 0; i < People; i++)
        {
            _senders.Add(await AccountAsync(system));
            _recipients.Add(await AccountAsync(system));
        }

        using JsonDocument ring = JsonDocument.Parse(await File.ReadAllTextAsync(system.In("keyring.json")));
        foreach (JsonElement key in ring.RootElement.GetProperty("keys").EnumerateArray()) _search.AddBytes("key of the ring", key.GetProperty("key").GetBytesFromBase64());
        _search.Add("admin token", system.AdminToken);

        SipClient[] phones = await Task.WhenAll(_recipients.Take(People / 2).Select(system.RegisteredAsync));
        SipClient[] senders = await Task.WhenAll(_senders.Select(system.RegisteredAsync));
        await Task.WhenAll(Enumerable.Range(0, People).Select(sender => SendAsync(system, http, sender, senders[sender])));
        await Wait.UntilAsync(() => phones.Sum(phone => phone.Received.Count) >= Messages / 2, Soon, "half of the messages arrive");
        await RefusedByHttpAsync(system, http);
        await RefusedByGrpcAsync(system, http);
        await RefusedBySipAsync(system);
        foreach (SipClient client in (SipClient[])[.. phones, .. senders]) await client.DisposeAsync();
    }

    /// <summary>One sender's share, to each recipient equally, 4 in 10 by POST, 3 by gRPC and 3 by SIP.</summary>
    private async Task SendAsync(JourneySystem system, HttpClient http, int sender, SipClient sip)
    {
        for (int i = 0; i < Messages / People; i++)
        {
            Account recipient = _recipients[i % People];
            string text = Canary();
            switch (i / People % 10)
            {
                case < 4:
                    Assert.Equal(200, await PostAsync(system, http, _senders[sender], "v1/messages", Body(recipient.User, text)));
                    break;
                case < 7:
                    Assert.Equal("0", await CallAsync(system, http, _senders[sender], "SendMessage", GrpcCall.Message($"{Guid.NewGuid()}", recipient.User, text)));
                    break;
                default:
                    Assert.Equal(202, (await sip.SendAsync(recipient.User, text)).Status);
                    break;
            }
        }
    }

    private async Task RefusedByHttpAsync(JourneySystem system, HttpClient http)
    {
        (Account alice, string bob) = (_senders[0], _recipients[0].User);
        Account guess = new(_senders[1].User, Canary());
        _search.AddPassword(guess);
        foreach ((int status, Account who, string path, string body) in ((int, Account, string, string)[])[
            (400, alice, "v1/messages", Body(bob, Canary() + new string('x', 161))),
            (404, alice, "v1/messages", Body($"{Canary()}@{JourneySystem.Domain}", Canary())),
            (404, alice, "v1/messages", Body($"{bob}@{Canary()}.test", Canary())),
            (400, alice, "v1/messages", Body($"{Canary()} {bob}@{JourneySystem.Domain}", Canary())),
            (400, alice, "v1/messages", $$"""{"messageId":"{{Canary()}}","recipient":"{{bob}}","text":"{{Canary()}}"}"""),
            (400, alice, "v1/messages", $$"""{"messageId":"{{Guid.NewGuid()}}","recipient":"{{bob}}","text":"{{Canary()}}" """),
            (400, alice, "v1/messages", $$"""{"messageId":"{{Guid.NewGuid()}}","recipient":"{{bob}}","text":{{Canary()}} }"""),
            (400, alice, "v1/messages", $$"""{"messageId":"{{Guid.NewGuid()}}","recipient":"{{bob}}","text":{"{{Canary()}}":1} }"""),
            (400, alice, "v1/messages", $$"""{"{{Canary()}}":"{{Canary()}}"}"""),
            (400, alice, "v1/messages", Canary()),
            (413, alice, "v1/messages", Body(bob, Canary() + new string('x', 17_000))),
            (400, alice, $"v1/messages?{Canary()}={Canary()}", Body(bob, "hi")),
            (404, alice, $"v1/{Canary()}/{alice.User}@{JourneySystem.Domain}", Body(bob, Canary())),
            (401, guess, "v1/messages", Body(bob, Canary())),
        ])
            Assert.Equal(status, await PostAsync(system, http, who, path, body));

        Assert.Equal(415, await PostAsync(system, http, alice, "v1/messages", Body(bob, Canary()), $"text/{Canary()}"));
        Assert.Equal(401, await AskAsync(http, HttpMethod.Get, $"https://localhost:{system.ApiPort}/v1/messages/{Canary()}", $"Basic {Canary()}", null));
        Assert.Equal(400, await AskAsync(http, HttpMethod.Get, $"https://localhost:{system.ApiPort}/v1/messages/{Canary()}", Basic(alice), null));

        string admin = $"https://localhost:{system.AdminPort}/v1/accounts";
        Assert.Equal(401, await AskAsync(http, HttpMethod.Get, admin, $"Bearer {Canary()}", null));
        Assert.Equal(409, await AskAsync(http, HttpMethod.Post, admin, $"Bearer {system.AdminToken}", Json($$"""{"user":"{{bob}}","password":"{{Canary()}}"}""")));
        Assert.Equal(400, await AskAsync(http, HttpMethod.Post, admin, $"Bearer {system.AdminToken}", Json($$"""{"user":"{{Canary()}}","password":"{{Canary()}}" """)));
        Assert.Equal(400, await AskAsync(http, HttpMethod.Post, admin, $"Bearer {system.AdminToken}", Json($$"""{"user":"a b","password":"{{Canary()}}"}""")));
        Assert.Equal(400, await AskAsync(http, HttpMethod.Get, $"{admin}/{bob}@{JourneySystem.Domain}", $"Bearer {system.AdminToken}", null));
        Assert.Equal(200, await AskAsync(http, HttpMethod.Post, $"{admin}:import", $"Bearer {system.AdminToken}", Json($$"""{"csv":"a b,{{Canary()}}\n{{Canary()}}\n\"{{Canary()}}"}"""), keep: true));

        foreach ((int port, bool tls) in ((int, bool)[])[(system.ApiPort, true), (system.AdminPort, true), (system.CoreMetricsPort, false), (system.EdgeMetricsPort, false)])
        {
            foreach (string request in (string[])[
                $"GET /{Canary()}\u0001 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                $"GET /{Canary()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {Basic(alice)}\r\n{Canary()}\r\n\r\n",
                $"GET /{Canary()} HTTP/1.1\r\nHost: {Canary()} {Canary()}\r\nConnection: close\r\n\r\n",
                $"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {Canary()}\r\n\r\n{Canary()}",
                $"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: {Basic(alice)}\r\nTransfer-Encoding: chunked\r\n\r\n{Canary()}",
                $"{Canary()} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                $"{Canary()}\r\n\r\n",
            ])
                _answers.Enqueue(await RawConnection.AskAsync(port, tls ? system.Authority : null, request));
        }
    }

    private async Task RefusedByGrpcAsync(JourneySystem system, HttpClient http)
    {
        (Account alice, string bob) = (_senders[0], _recipients[0].User);
        Account guess = new(_senders[2].User, Canary());
        _search.AddPassword(guess);
        foreach ((string status, Account who, string method, byte[] message) in ((string, Account, string, byte[])[])[
            ("3", alice, "SendMessage", GrpcCall.Message($"{Guid.NewGuid()}", bob, Canary() + new string('x', 161))),
            ("5", alice, "SendMessage", GrpcCall.Message($"{Guid.NewGuid()}", $"{Canary()}@{JourneySystem.Domain}", Canary())),
            ("3", alice, "SendMessage", GrpcCall.Message(Canary(), bob, Canary())),
            ("3", alice, "SendMessage", Encoding.UTF8.GetBytes(Canary())),
            ("12", alice, Canary(), GrpcCall.Message(Canary())),
            ("3", alice, "ReceiveMessages", Encoding.UTF8.GetBytes(Canary())),
            ("16", guess, "SendMessage", GrpcCall.Message($"{Guid.NewGuid()}", bob, Canary())),
        ])
            Assert.Equal(status, await CallAsync(system, http, who, method, message));
        foreach (string header in (string[])["x-note", "grpc-timeout", "grpc-encoding", "traceparent", "tracestate", "baggage", "request-id"])
            await CallAsync(system, http, alice, "GetMessage", GrpcCall.Message(Canary()), (header, Canary()));
    }

    private async Task RefusedBySipAsync(JourneySystem system)
    {
        (Account alice, string bob) = (_senders[0], _recipients[0].User);
        Account guess = new(_senders[3].User, Canary());
        _search.AddPassword(guess);
        await using SipClient stranger = await system.ConnectedAsync(guess);
        Keep(401, await stranger.RegisterAsync());
        await using SipClient phone = await system.RegisteredAsync(alice);
        Keep(413, await phone.SendAsync(bob, Canary() + new string('x', 161)));
        Keep(404, await phone.SendAsync(Canary(), Canary()));
        Keep(404, await phone.SendAsync($"sip:{bob}@{Canary()}.test", Canary()));
        Keep(415, await phone.SendAsync(bob, Canary(), $"text/{Canary()}"));
        Keep(403, await phone.SendAsync(bob, Canary(), from: _senders[4].User));
        foreach ((int status, string header, string with) in ((int, string, string)[])[
            (400, "CSeq: ", $"CSeq: {Canary()}\r\nX-Was: "),
            (400, "Max-Forwards: ", $"Max-Forwards: {Canary()}\r\nX-Was: "),
            (400, "Call-ID: ", $"X-Was: {Canary()} "),
            (400, "From: ", $"From: {Canary()} <{Canary()}\r\nX-Was: "),
            (400, "To: ", $"To: \"{Canary()}\r\nX-Was: "),
            (420, "Max-Forwards: ", $"Require: {Canary()}\r\nMax-Forwards: "),
            (415, "Max-Forwards: ", $"Content-Encoding: {Canary()}\r\nMax-Forwards: "),
            (400, "Content-Length: ", $"Content-Length: {Canary()}\r\nX-Was: "),   // ends the connection: the last
        ])
            Keep(status, await phone.RequestAsync(phone.MessageText(bob, Canary()).Replace(header, with, StringComparison.Ordinal)));

        await using SipClient other = await system.ConnectedAsync(alice);
        Keep(400, await other.RequestAsync(other.RegisterText(3_600, Canary(), null)));
        Keep(400, await other.RequestAsync(other.RegisterText(3_600, null, $"Digest {Canary()}")));
        Keep(401, await other.RequestAsync(other.RegisterText(3_600, null, $"Basic {Canary()}")));
        await other.WriteAsync(Encoding.UTF8.GetBytes($"{Canary()}\r\n{Canary()}\r\n\r\n"));
        await other.Closed.WaitAsync(Soon);
        _answers.Enqueue(await RawConnection.AskAsync(system.SipPort, null, $"{Canary()}\r\n\r\n"));   // no TLS
    }

    /// <summary>A refusal by SIP without what it must repeat.</summary>
    private void Keep(int status, SipText answer)
    {
        Assert.True(answer.Status == status, $"{status} expected:\n{answer}");
        _answers.Enqueue(string.Join('\n', answer.ToString().Split('\n').Where(line => !Repeated.Any(name => line.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase)))));
    }

    private async Task<Account> AccountAsync(JourneySystem system)
    {
        Account account = await system.NewAccountAsync("person");
        _search.AddPassword(account);
        _search.Add("user name", account.User);
        return account;
    }

    /// <summary>A text that is nowhere else.</summary>
    private string Canary()
    {
        string canary = $"c{RandomNumberGenerator.GetHexString(20, lowercase: true)}";
        lock (_search) _search.AddText(canary);
        return canary;
    }

    private static string Body(string recipient, string text) => JsonSerializer.Serialize(new { messageId = Guid.NewGuid(), recipient, text });

    private static string Basic(Account account) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.User}:{account.Password}"))}";

    private static ByteArrayContent Json(string body) => new(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private async Task<int> PostAsync(JourneySystem system, HttpClient http, Account account, string path, string body, string contentType = "application/json")
    {
        using ByteArrayContent content = Json(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return await AskAsync(http, HttpMethod.Post, $"https://localhost:{system.ApiPort}/{path}", Basic(account), content);
    }

    private async Task<int> AskAsync(HttpClient http, HttpMethod method, string uri, string authorization, HttpContent? content, bool keep = false)
    {
        using HttpRequestMessage request = new(method, uri) { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage answer = await http.SendAsync(request);
        string text = $"{answer.Headers}{answer.Content.Headers}{await answer.Content.ReadAsStringAsync()}";
        if (!answer.IsSuccessStatusCode || keep) _answers.Enqueue(text);
        return (int)answer.StatusCode;
    }

    private async Task<string> CallAsync(JourneySystem system, HttpClient http, Account account, string method, byte[] message, params (string, string)[] metadata)
    {
        (string status, string answer) = await GrpcCall.AskAsync(http, system.ApiPort, $"edge.messages.v1.MessagesService/{method}", message, [("authorization", Basic(account)), .. metadata]);
        if (status != "0") _answers.Enqueue(answer);
        return status;
    }

    [GeneratedRegex("\"(OpenTelemetry\\.Exporter\\.[A-Za-z.]+)\": \\{")]
    private static partial Regex Exporter();

    [GeneratedRegex(@"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.test")]
    private static partial Regex Address();
}
