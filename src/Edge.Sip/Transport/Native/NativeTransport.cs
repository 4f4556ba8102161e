using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport.Native;

/// <summary>How far a transport is with stopping.</summary>
internal enum TransportStage
{
    /// <summary>It serves.</summary>
    Open,

    /// <summary>It accepts no more and says goodbye to everybody.</summary>
    Stopping,

    /// <summary>Who is still there is cut off; guests stay.</summary>
    Aborting,

    /// <summary>Its threads end.</summary>
    Ended,
}

/// <summary>SIP over TLS on Linux, hand-tuned: a reactor for each processor, epoll and OpenSSL called directly (docs/adr/0006).</summary>
internal sealed class NativeTransport : ITransport, IDisposable
{
    private readonly EdgeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<TlsSuite> _suites;
    private Reactor[] _reactors = [];
    private IConnectionHandler? _handler;
    private volatile TransportStage _stage;
    private volatile TlsContext _tls;
    private GCHandle _tickets;   // for OpenSSL's callbacks

    /// <exception cref="CryptographicException">Certificate or key cannot be used.</exception>
    public NativeTransport(SipOptions options, Admission admission, SessionTickets tickets, EdgeClock clock, EdgeMetrics metrics, ILogger<NativeTransport> logger)
    {
        (Options, Admission, _metrics, _logger) = (options, admission, metrics, logger);
        using ServerCertificate certificate = ServerCertificate.Load(options.CertificateFile, options.KeyFile, clock.Time.GetUtcNow());
        _suites = options.Suites();
        _tickets = GCHandle.Alloc(tickets);
        _tls = new TlsContext(certificate, _suites, _tickets);
    }

    public IPEndPoint? LocalEndPoint { get; private set; }

    internal SipOptions Options { get; }

    internal Admission Admission { get; }

    internal TlsContext Tls => _tls;

    internal IConnectionHandler Handler => _handler!;

    internal TransportStage Stage => _stage;

    public void Start(IConnectionHandler handler)
    {
        _handler = handler;
        IPEndPoint end = new(IPAddress.Parse(Options.Address), Options.Port);
        using (Socket alone = Bind(end, shared: false)) end = (IPEndPoint)alone.LocalEndPoint!;   // refused if anybody listens here; SO_REUSEPORT would share clients with them in silence
        LocalEndPoint = end;
        _reactors = [.. Enumerable.Range(0, Options.Reactors == 0 ? Math.Max(1, Environment.ProcessorCount - 1) : Options.Reactors).Select(number => new Reactor(this, Listen(end), number))];
        foreach (Reactor reactor in _reactors) reactor.Start();
    }

    public void Use(ServerCertificate certificate)
    {
        _tls = new TlsContext(certificate, _suites, _tickets);   // the one before goes with its last connection: a reactor may be about to make one from it
        certificate.Dispose();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Enter(TransportStage.Stopping);
        while (_reactors.Sum(static reactor => reactor.Count) > 0 && !cancellationToken.IsCancellationRequested) await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
        Enter(TransportStage.Aborting);
        while (_reactors.Sum(static reactor => reactor.Count) > 0) await Task.Delay(1, CancellationToken.None).ConfigureAwait(false);   // at once: their threads serve the links still
    }

    public void Dispose()
    {
        Enter(TransportStage.Ended);
        foreach (Reactor reactor in _reactors) reactor.Join();
        foreach (Reactor reactor in _reactors) reactor.Dispose();
        _reactors = [];
        Tls.Dispose();
        if (_tickets.IsAllocated) _tickets.Free();   // after the reactors' last handshake
    }

    /// <summary>Who serves the guest of this number; once it was started.</summary>
    internal Reactor ReactorOf(int number) => _reactors[number % _reactors.Length];

    internal void Ended(NativeConnection connection)
    {
        Admission.Leave(connection.Peer.Address);
        Handler.Ended(connection);
    }

    internal void HandlerFailed(NativeConnection connection, Exception fault) => EdgeLog.ConnectionFaulted(_logger, fault, connection.Flow);

    internal void AcceptFailed(int error)
    {
        _metrics.AcceptFailed();
        EdgeLog.AcceptFailed(_logger, new SocketException(error).SocketErrorCode);
    }

    private void Enter(TransportStage stage)
    {
        _stage = stage;
        foreach (Reactor reactor in _reactors) reactor.Wake();
    }

    private static Socket Listen(IPEndPoint end)
    {
        Socket listener = Bind(end, shared: true);
        listener.Listen(4_096);
        return listener;
    }

    private static Socket Bind(IPEndPoint end, bool shared)
    {
        Socket socket = new(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            if (shared) Linux.SetOption((int)socket.SafeHandle.DangerousGetHandle(), Linux.SOL_SOCKET, Linux.SO_REUSEPORT, 1);
            socket.Bind(end);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
