using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Edge.Link.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Edge.Sip.Tests.Harness;

/// <summary>A core that keeps nothing: it answers each event as the test says and remembers what came up.</summary>
/// <remarks>Speaks gRPC by hand (5 bytes of frame head), so that the messages are the edge's own and need no second copy.</remarks>
internal sealed class FakeCore : IAsyncDisposable
{
    public const string Password = "secret";

    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _gate = new();
    private readonly List<EdgeEvent> _events = [];
    private HttpContext? _stream;

    private FakeCore(WebApplication app, TimeProvider time)
    {
        (_app, _time) = (app, time);
        Welcome = new Welcome
        {
            Epoch = 7,
            Domain = "example.test",
            NonceKeys = new NonceKeys { Keys = { ByteString.CopyFrom(RandomNumberGenerator.GetBytes(32)) } },
            OfferMd5 = true,
            MinExpiresSeconds = 60,
            MaxExpiresSeconds = 3_600,
        };
    }

    public Welcome Welcome { get; }

    public int Port { get; private set; }

    /// <summary>How often an edge has said Hello.</summary>
    public int Streams { get; private set; }

    /// <summary>Whether streams are refused: a core that is down.</summary>
    public bool Refuses { get; set; }

    /// <summary>Whether heartbeats are left without one.</summary>
    public bool Silent { get; set; }

    /// <summary>Whether streams are read no further, for as long as they last.</summary>
    public bool ReadsNothing { get; set; }

    /// <summary>How long what it writes is under way: each batch says that it was written so much before it arrives.</summary>
    public long LateMs { get; set; }

    /// <summary>The certificate of the last edge that connected.</summary>
    public string? EdgeName { get; private set; }

    /// <summary>Its serial number.</summary>
    public string? EdgeSerial { get; private set; }

    /// <summary>Answers a Submit; null: never.</summary>
    public Func<Submit, Submitted?> OnSubmit { get; set; } = _ => new Submitted { MessageId = "m" };

    /// <summary>Changes the answer to a Register; null: never answered.</summary>
    public Func<Register, Registered, Registered?> OnRegister { get; set; } = (_, answer) => answer;

    public Func<Refresh, Refreshed?> OnRefresh { get; set; } =
        refresh => new Refreshed { Flow = refresh.Flow, User = refresh.User, Outcome = RegisterOutcome.Bound, Page = Empty(refresh.Flow, refresh.User, refresh.After) };

    public Func<PageRequest, Page?> OnPageRequest { get; set; } = request => Empty(request.Flow, request.User, request.After);

    public Func<DeliveryReport, Reported?> OnReport { get; set; } = report => new Reported { Number = report.Number };

    public Func<Unregister, Reported?> OnUnregister { get; set; } = unregister => new Reported { Number = unregister.Number };

    /// <summary>What came up so far, in order.</summary>
    public IReadOnlyList<EdgeEvent> Events
    {
        get
        {
            lock (_gate) return [.. _events];
        }
    }

    public static async Task<FakeCore> StartAsync(TestPki pki, TimeProvider time)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        X509Certificate2 certificate = pki.Load("core");
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, _, _) => IsOfLink(client, pki.LinkCa);
            });
        }));
        WebApplication app = builder.Build();
        FakeCore core = new(app, time);
        app.MapPost("/edge.link.v1.LinkService/Connect", core.ServeAsync);
        await app.StartAsync();
        core.Port = new Uri(app.Urls.First()).Port;
        return core;
    }

    /// <summary>Sends events in one batch.</summary>
    public Task SendAsync(params CoreEvent[] events) => WriteAsync(_stream!, new ConnectResponse { Events = { events }, CoreTimeMs = NowMs - LateMs });

    /// <summary>Sends what may be no batch at all.</summary>
    public Task SendAsync(byte[] message) => WriteAsync(_stream!, message);

    public long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Ends the stream without a word.</summary>
    public void Cut()
    {
        lock (_gate) _stream?.Abort();
    }

    /// <summary>Waits for the first event of a kind that is right.</summary>
    public async Task<T> SeenAsync<T>(Func<EdgeEvent, T?> pick, Func<T, bool>? right = null)
        where T : class
    {
        T? found = null;
        await Until.TrueAsync(() => (found = Events.Select(pick).FirstOrDefault(one => one is not null && (right is null || right(one)))) is not null, typeof(T).Name);
        return found!;
    }

    public int Count<T>(Func<EdgeEvent, T?> pick)
        where T : class => Events.Count(one => pick(one) is not null);

    public static Page Empty(ulong flow, string user, long after) => new() { Flow = flow, User = user, After = after, Upto = after };

    /// <summary>A delivery that is valid for an hour.</summary>
    public LinkDelivery Delivery(ulong flow, string user, long sequence, long previous = 0, string? text = null, uint attempt = 1) => new()
    {
        Flow = flow,
        User = user,
        Sequence = sequence,
        Previous = previous,
        Attempt = attempt,
        Retry = attempt > 1,
        MessageId = $"00000000-0000-4000-8000-{sequence:d12}",
        Sender = "alice",
        SenderTag = "0123456789abcdef",
        Text = ByteString.CopyFromUtf8(text ?? $"text {sequence}"),
        AcceptTimeMs = NowMs,
        ExpireTimeMs = NowMs + 3_600_000,
        Token = ByteString.CopyFromUtf8($"token {sequence}"),
    };

    public async ValueTask DisposeAsync()
    {
        Cut();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _writing.Dispose();
    }

    private static bool IsOfLink(X509Certificate2 client, X509Certificate2 authority)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        return chain.Build(client);
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        if (Refuses)
        {
            context.Response.AppendTrailer("grpc-status", "14");
            await context.Response.CompleteAsync();
            return;
        }

        EdgeName = context.Connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, false);
        EdgeSerial = context.Connection.ClientCertificate?.SerialNumber;
        await context.Response.StartAsync();
        lock (_gate) _stream = context;
        byte[] head = new byte[5];
        try
        {
            while (true)
            {
                if (ReadsNothing) await Task.Delay(Timeout.Infinite, context.RequestAborted);
                await context.Request.Body.ReadExactlyAsync(head, context.RequestAborted);
                byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
                await context.Request.Body.ReadExactlyAsync(body, context.RequestAborted);
                ConnectResponse answers = new() { CoreTimeMs = NowMs - LateMs };
                foreach (EdgeEvent happened in ConnectRequest.Parser.ParseFrom(body).Events)
                {
                    lock (_gate) _events.Add(happened);
                    if (Answer(happened) is { } answer) answers.Events.Add(answer);
                }

                if (answers.Events.Count > 0) await WriteAsync(context, answers);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // The edge has gone, or the test has cut it off.
        }
        finally
        {
            // The server clears a context that has ended, and uses it again: only a live one may be cut.
            lock (_gate)
            {
                if (_stream == context) _stream = null;
            }
        }
    }

    private Task WriteAsync(HttpContext stream, ConnectResponse batch) => WriteAsync(stream, batch.ToByteArray());

    private async Task WriteAsync(HttpContext stream, byte[] batch)
    {
        byte[] frame = new byte[5 + batch.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), batch.Length);
        batch.CopyTo(frame, 5);
        await _writing.WaitAsync();
        try
        {
            await stream.Response.Body.WriteAsync(frame);
            await stream.Response.Body.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    private CoreEvent? Answer(EdgeEvent happened)
    {
        switch (happened.EventCase)
        {
            case EdgeEvent.EventOneofCase.Hello:
                Streams++;
                return new CoreEvent { Welcome = Welcome };
            case EdgeEvent.EventOneofCase.Register:
                return OnRegister(happened.Register, Verify(happened.Register)) is { } registered ? new CoreEvent { Registered = registered } : null;
            case EdgeEvent.EventOneofCase.Refresh:
                return OnRefresh(happened.Refresh) is { } refreshed ? new CoreEvent { Refreshed = refreshed } : null;
            case EdgeEvent.EventOneofCase.Submit:
                Submitted? submitted = OnSubmit(happened.Submit);
                if (submitted is null) return null;
                submitted.Request = happened.Submit.Request;
                return new CoreEvent { Submitted = submitted };
            case EdgeEvent.EventOneofCase.DeliveryReport:
                return OnReport(happened.DeliveryReport) is { } reported ? new CoreEvent { Reported = reported } : null;
            case EdgeEvent.EventOneofCase.Unregister:
                return OnUnregister(happened.Unregister) is { } unregistered ? new CoreEvent { Reported = unregistered } : null;
            case EdgeEvent.EventOneofCase.PageRequest:
                return OnPageRequest(happened.PageRequest) is { } page ? new CoreEvent { Page = page } : null;
            default:
                return Silent ? null : new CoreEvent { Heartbeat = new Heartbeat() };
        }
    }

    private Registered Verify(Register register)
    {
        bool good = register.Digests.Any(digest => digest.Response == Expected(digest));
        return new Registered
        {
            Request = register.Request,
            Outcome = good ? RegisterOutcome.Bound : RegisterOutcome.BadCredentials,
            Ticket = ByteString.CopyFromUtf8($"ticket of {register.User}"),
            TicketExpireTimeMs = NowMs + 86_400_000,
            Page = Empty(register.Flow, register.User, 0),
        };
    }

    private static string Expected(DigestResponse digest)
    {
        string Hash(string text) => Convert.ToHexStringLower(digest.Algorithm == DigestAlgorithm.Md5
#pragma warning disable CA5351 // the algorithm is what the test is about
            ? MD5.HashData(Encoding.UTF8.GetBytes(text))
#pragma warning restore CA5351
            : SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return Hash($"{Hash($"{digest.Username}:{digest.Realm}:{Password}")}:{digest.Nonce}:{digest.Nc}:{digest.Cnonce}:auth:{Hash($"REGISTER:{digest.Uri}")}");
    }
}
