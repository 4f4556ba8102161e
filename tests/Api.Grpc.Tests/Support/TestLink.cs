using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Edge.Link.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Api.Grpc.Tests.Support;

/// <summary>An edge as the core sees it: one stream, its own nonces and digests, everything that came down kept in order.</summary>
public sealed class TestLink : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static readonly Method<ConnectRequest, ConnectResponse> Connect = new(
        MethodType.DuplexStreaming, "edge.link.v1.LinkService", "Connect",
        Marshallers.Create(static r => r.ToByteArray(), ConnectRequest.Parser.ParseFrom), Marshallers.Create(static r => r.ToByteArray(), ConnectResponse.Parser.ParseFrom));

    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> _call;
    private readonly Channel<CoreEvent> _events = Channel.CreateUnbounded<CoreEvent>();
    private readonly List<CoreEvent> _kept = [];
    private readonly Task _reading;
    private ulong _request;
    private volatile bool _stopped;

    private TestLink(GrpcChannel channel, string edgeId)
    {
        (_channel, EdgeId) = (channel, edgeId);
        _call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Connect, null, new CallOptions());
        _reading = ReadAsync();
    }

    public string EdgeId { get; }

    public Welcome Welcome { get; private set; } = new();

    /// <summary>Ends when the stream does; throws how it ended.</summary>
    public Task Ended => _reading;

    /// <summary>Connects and says Hello, as the edge the certificate names.</summary>
    public static async Task<TestLink> ConnectAsync(TestCore core, string edgeId = "edge-1", byte[]? instance = null)
    {
        TestLink link = Open(core.LinkChannel(core.Certificates.Client($"CN={edgeId}, OU=edge")), edgeId);
        await link.SendAsync(link.Hello(instance));
        link.Welcome = (await link.NextAsync(CoreEvent.EventOneofCase.Welcome)).Welcome;
        return link;
    }

    /// <summary>Takes nothing more from the stream: soon the core cannot write.</summary>
    public void StopReading() => _stopped = true;

    /// <summary>Opens a stream and says nothing.</summary>
    public static TestLink Open(GrpcChannel channel, string edgeId) => new(channel, edgeId);

    public EdgeEvent Hello(byte[]? instance = null) => new()
    {
        Hello = new Hello { EdgeId = EdgeId, Instance = ByteString.CopyFrom(instance ?? RandomNumberGenerator.GetBytes(16)), Protocol = 1, Version = "test" },
    };

    /// <summary>Sends events as one batch.</summary>
    public Task SendAsync(params EdgeEvent[] events) => _call.RequestStream.WriteAsync(new ConnectRequest { Events = { events } });

    /// <summary>Sends to a core that may have refused already: then how the stream ends is what counts.</summary>
    public async Task TrySendAsync(params EdgeEvent[] events)
    {
        try
        {
            await SendAsync(events);
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
        {
            // see Ended
        }
    }

    /// <summary>The next event of a kind; others are kept for later.</summary>
    public async Task<CoreEvent> NextAsync(CoreEvent.EventOneofCase kind)
    {
        int kept = _kept.FindIndex(e => e.EventCase == kind);
        if (kept >= 0)
        {
            CoreEvent found = _kept[kept];
            _kept.RemoveAt(kept);
            return found;
        }

        using CancellationTokenSource deadline = new(Deadline);
        while (true)
        {
            CoreEvent next = await _events.Reader.ReadAsync(deadline.Token);
            if (next.EventCase == kind) return next;
            _kept.Add(next);
        }
    }

    /// <summary>Registers and returns the answer.</summary>
    public async Task<Registered> RegisterAsync(string user, ulong flow, string? password = null, Action<Register>? change = null)
    {
        Register register = Register(user, flow, password);
        change?.Invoke(register);
        await SendAsync(new EdgeEvent { Register = register });
        Registered answer = (await NextAsync(CoreEvent.EventOneofCase.Registered)).Registered;
        Assert.Equal(register.Request, answer.Request);
        return answer;
    }

    public Register Register(string user, ulong flow, string? password = null) => new()
    {
        Request = ++_request,
        Flow = flow,
        User = user,
        Domain = Welcome.Domain,
        ExpiresSeconds = 600,
        Device = $"device of {user}",
        Digests = { Digest(user, password ?? RedisCore.PasswordOf(user), Nonce(flow, DateTimeOffset.UtcNow)) },
    };

    public async Task<Submitted> SubmitAsync(string user, ulong flow, ByteString ticket, string clientKey, string recipient, ByteString text)
    {
        await SendAsync(new EdgeEvent { Submit = Submit(user, flow, ticket, clientKey, recipient, text) });
        return (await NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted;
    }

    public Submit Submit(string user, ulong flow, ByteString ticket, string clientKey, string recipient, ByteString text) =>
        new() { Request = ++_request, Flow = flow, User = user, Ticket = ticket, ClientKey = clientKey, Recipient = recipient, Text = text };

    public static DeliveryReport Report(Delivery delivery, DeliveryOutcome outcome) => new()
    {
        Flow = delivery.Flow,
        User = delivery.User,
        Sequence = delivery.Sequence,
        MessageId = delivery.MessageId,
        Sender = delivery.Sender,
        Attempt = delivery.Attempt,
        Outcome = outcome,
        Token = delivery.Token,
        SipStatus = 200,
    };

    /// <summary>A nonce by the rules of link.proto, with the newest key.</summary>
    public string Nonce(ulong flow, DateTimeOffset made, string? edgeId = null)
    {
        byte[] input = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(input, made.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64BigEndian(input.AsSpan(8), flow);
        byte[] tag = HMACSHA256.HashData(Welcome.NonceKeys.Keys[0].Span, [.. input, .. Encoding.UTF8.GetBytes(edgeId ?? EdgeId)]);
        return Base64Url.EncodeToString([.. input.AsSpan(0, 8), .. tag.AsSpan(0, 16)]);
    }

    /// <summary>What a client answers to a challenge.</summary>
    public DigestResponse Digest(string user, string password, string nonce, DigestAlgorithm algorithm = DigestAlgorithm.Sha256)
    {
        string uri = $"sip:{Welcome.Domain}";
#pragma warning disable CA5351 // what RFC 3261 clients send
        string Hash(string text) => Convert.ToHexStringLower(algorithm == DigestAlgorithm.Md5 ? MD5.HashData(Encoding.UTF8.GetBytes(text)) : SHA256.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
        string response = Hash($"{Hash($"{user}:{Welcome.Domain}:{password}")}:{nonce}:00000001:c0ffee:auth:{Hash($"REGISTER:{uri}")}");
        return new DigestResponse { Algorithm = algorithm, Username = user, Realm = Welcome.Domain, Nonce = nonce, Uri = uri, Response = response, Cnonce = "c0ffee", Nc = "00000001", QopAuth = true };
    }

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        try
        {
            await _reading;
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException)
        {
            // how it ended is the business of the tests that ask
        }

        _channel.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
            {
                foreach (CoreEvent next in _call.ResponseStream.Current.Events) _events.Writer.TryWrite(next);
                if (_stopped) return;
            }

            _events.Writer.TryComplete();
        }
        catch (Exception e)
        {
            _events.Writer.TryComplete(e);
            throw;
        }
    }
}
