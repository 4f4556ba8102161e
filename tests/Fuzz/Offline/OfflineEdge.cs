using System.Text;
using Edge.Link.V1;
using Edge.Sip;
using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Registrar;
using Edge.Sip.Requests;
using Edge.Sip.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Fuzz.Offline;

/// <summary>All of the edge but its sockets: bytes of one client in, whatever they cause, answers out. Its clock stands, so the same bytes do the same each time.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class OfflineEdge : IDisposable
{
    /// <summary>Every connection has this number, so that one nonce is good for all.</summary>
    public const ulong Flow = 1;

    private readonly ServiceProvider _services;
    private readonly RequestDispatcher _dispatcher;
    private readonly LinkEventRouter _router;
    private readonly OfflineLink _link;
    private readonly byte[] _register;
    private readonly byte[] _message;

    public OfflineEdge()
    {
        ServiceCollection services = new();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(new StandingClock());
        services.AddEdge(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Edge:Id"] = "edge-1",
            ["Sip:CertificateFile"] = "/dev/null",
            ["Sip:KeyFile"] = "/dev/null",
            ["Core:Endpoints:0"] = "https://127.0.0.1:1",
            ["Core:CertificateFile"] = "/dev/null",
            ["Core:KeyFile"] = "/dev/null",
            ["Core:CaFile"] = "/dev/null",
        }).Build());
        services.AddSingleton<OfflineLink>();
        services.Replace(ServiceDescriptor.Singleton<ICoreLinks>(static provider => provider.GetRequiredService<OfflineLink>()));
        _services = services.BuildServiceProvider();
        _dispatcher = _services.GetRequiredService<RequestDispatcher>();
        _router = _services.GetRequiredService<LinkEventRouter>();
        _link = _services.GetRequiredService<OfflineLink>();
        _services.GetRequiredService<DeliveryPump>().Port = 5_061;

        Span<byte> nonce = stackalloc byte[DigestChallenge.NonceChars];
        EdgeClock clock = _services.GetRequiredService<EdgeClock>();
        _services.GetRequiredService<DigestChallenge>().Write(nonce, _link.Settings.NonceKeys[0], _link.Clock.ToCore(clock.NowMs), Flow);
        Nonce = Encoding.ASCII.GetString(nonce);
        const string From = "Via: SIP/2.0/TLS 192.0.2.7:49152;branch=z9hG4bKfuzz;rport\r\nFrom: <sip:bob@example.test>;tag=1\r\nCall-ID: fuzz\r\n";
        _register = Encoding.ASCII.GetBytes(
            $"REGISTER sip:example.test SIP/2.0\r\n{From}To: <sip:bob@example.test>\r\nCSeq: 1 REGISTER\r\nSupported: outbound\r\n"
            + "Contact: <sip:bob@192.0.2.7:49152;transport=tls;ob>;+sip.instance=\"<urn:uuid:0d5f4c7e-2a4b-4b61-8a58-0d4ef0a35d11>\";reg-id=1\r\n"
            + $"Authorization: Digest realm=\"example.test\", nonce=\"{Nonce}\", algorithm=SHA-256, username=\"bob\", uri=\"sip:example.test\", "
            + $"response=\"{new string('0', 64)}\", cnonce=\"c0ffee\", nc=00000001, qop=auth\r\nContent-Length: 0\r\n\r\n");
        _message = Encoding.ASCII.GetBytes(
            $"MESSAGE sip:alice@example.test SIP/2.0\r\n{From.Replace("fuzz;", "fuzz2;", StringComparison.Ordinal)}To: <sip:alice@example.test>\r\nCSeq: 2 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
    }

    /// <summary>Good for every connection here.</summary>
    public string Nonce { get; }

    /// <summary>A client connects, registers if it is to, and sends the bytes in two reads; the core answers what it is asked; the connection ends.</summary>
    /// <returns>Messages sent to the client.</returns>
    public int Receive(ReadOnlySpan<byte> bytes, int cut, bool registered)
    {
        OfflineConnection connection = Connect(registered);
        int unread = Feed(connection, bytes[..cut], 0);
        Feed(connection, bytes, cut - unread);
        _link.AnswerAll();
        End(connection);
        return connection.Sent;
    }

    /// <summary>A core says these events to a client that is registered, and that has asked to register again and to send.</summary>
    public void Say(ConnectResponse batch)
    {
        OfflineConnection connection = Connect(registered: true);
        Feed(connection, _message, 0);
        foreach (CoreEvent said in batch.Events) Say(said);
        _link.Forget();
        End(connection);
    }

    public void Dispose() => _services.Dispose();

    private void Say(CoreEvent said)
    {
        switch (said.EventCase)
        {
            case CoreEvent.EventOneofCase.Registered when _link.TryTake(out _, out PendingAnswer pending):
                pending.Answered(said.Registered);
                break;
            case CoreEvent.EventOneofCase.Submitted when _link.TryTake(out _, out PendingAnswer pending):
                pending.Answered(said.Submitted);
                break;
            case CoreEvent.EventOneofCase.Refreshed:
                _router.Refreshed(_link, RefreshAnswer.Of(said.Refreshed));
                break;
            case CoreEvent.EventOneofCase.Delivery:
                _router.Delivered(_link, said.Delivery);
                break;
            case CoreEvent.EventOneofCase.Page:
                _router.Paged(_link, said.Page);
                break;
            case CoreEvent.EventOneofCase.NonceKeys:
                _ = _link.Settings.With(said.NonceKeys);
                break;
            case CoreEvent.EventOneofCase.Welcome when said.Welcome.NonceKeys is not null:
                _ = new LinkSettings(said.Welcome);
                break;
            case CoreEvent.EventOneofCase.EdgeLimits:
                _router.LimitsChanged(said.EdgeLimits);
                break;
            case CoreEvent.EventOneofCase.SessionTicketKeys:
                _router.TicketKeysChanged(said.SessionTicketKeys);
                break;
            case CoreEvent.EventOneofCase.Revoked:
                _router.Revoked(said.Revoked);
                break;
            default:
                break;
        }
    }

    private OfflineConnection Connect(bool registered)
    {
        OfflineConnection connection = new();
        _dispatcher.Accepted(connection);
        _dispatcher.Secured(connection);
        if (!registered) return connection;
        Feed(connection, _register, 0);
        _link.AnswerAll();
        if (connection.Sent != 1 || connection.Reason != EndReason.None) throw new InvalidOperationException("the client could not register");
        return connection;
    }

    /// <param name="bytes">All of this client's bytes so far.</param>
    /// <param name="consumed">Of these so many are taken.</param>
    /// <returns>How many are not taken now.</returns>
    private int Feed(OfflineConnection connection, ReadOnlySpan<byte> bytes, int consumed)
    {
        if (connection.Reason == EndReason.None && consumed < bytes.Length) consumed += _dispatcher.Received(connection, bytes[consumed..]);
        if (consumed > bytes.Length) throw new InvalidOperationException("more was consumed than was there");
        return bytes.Length - consumed;
    }

    private void End(OfflineConnection connection)
    {
        connection.End(EndReason.PeerClosed);
        _dispatcher.Ended(connection);
        _link.Forget();
    }

    private sealed class StandingClock : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(60);
    }
}
