using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport.Portable;

/// <summary>SIP over TLS 1.2 and 1.3 with what .NET brings on every platform: the reference for the hand-tuned one.</summary>
internal sealed class PortableTransport : ITransport, IDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<ulong, PortableConnection> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Admission _admission;
    private readonly EdgeMetrics _metrics;
    private readonly ILogger _logger;
    private Socket? _listener;
    private IConnectionHandler? _handler;
    private Task _accepting = Task.CompletedTask;

    private volatile SslServerAuthenticationOptions _tlsOptions;

    /// <exception cref="System.Security.Cryptography.CryptographicException">Certificate or key cannot be used.</exception>
    public PortableTransport(SipOptions options, Admission admission, EdgeClock clock, EdgeMetrics metrics, ILogger<PortableTransport> logger)
    {
        Options = options;
        _admission = admission;
        _metrics = metrics;
        _logger = logger;
        _tlsOptions = Showing(ServerCertificate.Load(options.CertificateFile, options.KeyFile, clock.Time.GetUtcNow()));
    }

    public IPEndPoint? LocalEndPoint { get; private set; }

    internal SipOptions Options { get; }

    internal SslServerAuthenticationOptions TlsOptions => _tlsOptions;

    internal IConnectionHandler Handler => _handler!;

    public void Start(IConnectionHandler handler)
    {
        _handler = handler;
        IPEndPoint end = new(IPAddress.Parse(Options.Address), Options.Port);
        _listener = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(end);
        _listener.Listen(4_096);
        LocalEndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync(_listener);
    }

    public void Use(ServerCertificate certificate) => _tlsOptions = Showing(certificate);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (PortableConnection connection in _connections.Values) connection.EndAfterSending(EndReason.Stopping);
        while (!_connections.IsEmpty && !cancellationToken.IsCancellationRequested) await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
        foreach (PortableConnection connection in _connections.Values) connection.End(EndReason.Stopping);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _listener?.Dispose();
    }

    internal void Ended(PortableConnection connection)
    {
        if (_connections.TryRemove(connection.Flow, out _)) _admission.Leave(connection.Peer.Address);
        Handler.Ended(connection);
    }

    internal void HandlerFailed(PortableConnection connection, Exception fault) => EdgeLog.ConnectionFaulted(_logger, fault, connection.Flow);

    private SslServerAuthenticationOptions Showing(ServerCertificate certificate)
    {
        IReadOnlyList<TlsSuite> suites = Options.Suites();
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate.Leaf, certificate.Issuers, offline: true),
            EnabledSslProtocols = (suites.Any(static suite => suite.IsTls13) ? SslProtocols.Tls13 : SslProtocols.None) | (suites.All(static suite => suite.IsTls13) ? SslProtocols.None : SslProtocols.Tls12),
            CipherSuitesPolicy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy(suites.Select(static suite => suite.Suite)),   // with it SslStream resumes no session
            ClientCertificateRequired = false,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (SocketException fault) when (!_stopping.IsCancellationRequested)
            {
                // Out of descriptors or memory: they come back when connections end. Accepting again at once would only burn the CPU they need.
                _metrics.AcceptFailed();
                EdgeLog.AcceptFailed(_logger, fault.SocketErrorCode);
                await Task.Delay(AcceptPause).ConfigureAwait(false);
                continue;
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }

            Admit(socket);
        }
    }

    private void Admit(Socket socket)
    {
        IPAddress? counted = null;
        try
        {
            IPEndPoint peer = socket.RemoteEndPoint as IPEndPoint ?? throw new IOException("gone before it was looked at");
            if (!_admission.TryEnter(peer.Address, out ulong flow))
            {
                socket.Dispose();
                return;
            }

            counted = peer.Address;
            socket.NoDelay = true;
            if (OperatingSystem.IsLinux())
            {
                const int Tcp = 6, TcpUserTimeout = 18;   // netinet/in.h, linux/tcp.h
                int milliseconds = Options.UserTimeoutSeconds * 1_000;
                socket.SetRawSocketOption(Tcp, TcpUserTimeout, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in milliseconds)));
            }

            PortableConnection connection = new(this, socket, peer, flow);
            _connections[connection.Flow] = connection;
            Handler.Accepted(connection);
            ThreadPool.UnsafeQueueUserWorkItem(static connection => _ = connection.RunAsync(), connection, preferLocal: false);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or IOException)
        {
            if (counted is not null) _admission.Leave(counted);
            socket.Dispose();   // gone before it was looked at
        }
    }
}
