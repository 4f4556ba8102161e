using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Testing.Shared.Sip;

/// <summary>
/// A small SIP user agent over TLS for tests: registers by digest, sends, receives, and answers as the test says.
/// It checks the server's certificate against the CA it is given, and can write any bytes at all.
/// </summary>
public sealed class SipClient : IAsyncDisposable
{
    /// <summary>How long any wait lasts before it fails its test.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SslStream _tls;
    private readonly Channel<SipText> _responses = Channel.CreateUnbounded<SipText>();
    private readonly Channel<SipText> _requests = Channel.CreateUnbounded<SipText>();
    private readonly ConcurrentQueue<string> _keepalives = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly string _tag = Hex(4);
    private readonly Task _reading;
    private int _cseq;
    private int _nonceCount;

    private SipClient(SslStream tls, string user, string password, string domain)
    {
        (_tls, User, Password, Domain) = (tls, user, password, domain);
        _reading = ReadAsync();
    }

    public string User { get; set; }

    public string Password { get; set; }

    public string Domain { get; }

    /// <summary>The Call-ID of its REGISTERs.</summary>
    public string RegisterCallId { get; } = $"reg-{Hex(8)}";

    /// <summary>The +sip.instance of this device.</summary>
    public string Instance { get; init; } = $"urn:uuid:{Guid.NewGuid()}";

    /// <summary>Whether it says that it supports outbound (RFC 5626).</summary>
    public bool Outbound { get; init; } = true;

    /// <summary>The digest algorithm it prefers among those offered.</summary>
    public string Algorithm { get; set; } = "SHA-256";

    /// <summary>What to answer to a MESSAGE: a status code, or 0 to stay silent. Default 200.</summary>
    public Func<SipText, int> Answer { get; set; } = _ => 200;

    /// <summary>Every MESSAGE received, in order, repeats included.</summary>
    public ConcurrentQueue<SipText> Received { get; } = new();

    /// <summary>Bytes that came between messages: CRLF keepalives and their answers.</summary>
    public IReadOnlyCollection<string> Keepalives => _keepalives;

    /// <summary>Ends when the server has closed the connection.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Connects to an edge on loopback and checks its certificate.</summary>
    /// <param name="port">The edge's SIP port.</param>
    /// <param name="ca">The only CA trusted.</param>
    /// <param name="user">User name.</param>
    /// <param name="password">Password.</param>
    /// <param name="domain">Domain, also the name the certificate must carry.</param>
    /// <param name="from">The local address to come from; null for any.</param>
    public static async Task<SipClient> ConnectAsync(int port, X509Certificate2 ca, string user, string password, string domain = "example.test", IPAddress? from = null)
    {
        TcpClient tcp = new(new IPEndPoint(from ?? IPAddress.Any, 0)) { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port);
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(ca);
        SslStream tls = new(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = domain, CertificateChainPolicy = policy });
        return new SipClient(tls, user, password, domain);
    }

    /// <summary>Connects and registers; fails the test unless the answer is 200.</summary>
    public static async Task<SipClient> RegisteredAsync(int port, X509Certificate2 ca, string user, string password, string domain = "example.test")
    {
        SipClient client = await ConnectAsync(port, ca, user, password, domain);
        SipText answer = await client.RegisterAsync();
        return answer.Status == 200 ? client : throw new InvalidOperationException($"REGISTER was answered:\n{answer}");
    }

    /// <summary>REGISTERs, answering one challenge.</summary>
    /// <param name="expires">Seconds; 0 unregisters.</param>
    /// <param name="contact">The Contact value; null for this connection's own.</param>
    public async Task<SipText> RegisterAsync(int expires = 3600, string? contact = null)
    {
        SipText first = await RequestAsync(RegisterText(expires, contact, null));
        return first.Status == 401 ? await RequestAsync(RegisterText(expires, contact, Authorization(first, "REGISTER", $"sip:{Domain}"))) : first;
    }

    /// <summary>A REGISTER, with an Authorization header if one is given.</summary>
    public string RegisterText(int expires, string? contact, string? authorization)
    {
        contact ??= $"<sip:{User}@127.0.0.1:9;transport=tls;ob>;reg-id=1;+sip.instance=\"<{Instance}>\"";
        return $"REGISTER sip:{Domain} SIP/2.0\r\n{Common("REGISTER", User, User, RegisterCallId)}"
            + (Outbound ? "Supported: outbound, path\r\n" : string.Empty)
            + $"Contact: {contact}\r\nExpires: {expires}\r\n"
            + (authorization is null ? string.Empty : $"Authorization: {authorization}\r\n")
            + "Content-Length: 0\r\n\r\n";
    }

    /// <summary>Sends a MESSAGE and waits for its final response.</summary>
    public Task<SipText> SendAsync(string to, string text, string contentType = "text/plain;charset=UTF-8", string? from = null, string? callId = null) =>
        RequestAsync(MessageText(to, text, contentType, from, callId));

    /// <summary>A MESSAGE as this client writes it; <paramref name="to"/> is a user of the domain or a whole URI.</summary>
    public string MessageText(string to, string text, string contentType = "text/plain;charset=UTF-8", string? from = null, string? callId = null)
    {
        string uri = to.Contains(':', StringComparison.Ordinal) ? to : $"sip:{to}@{Domain}";
        return $"MESSAGE {uri} SIP/2.0\r\n{Common("MESSAGE", from ?? User, null, callId ?? Hex(8), uri)}"
            + $"Content-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(text)}\r\n\r\n{text}";
    }

    /// <summary>Any other request without a body.</summary>
    public string PlainText(string method, string? uri = null, string extra = "") =>
        $"{method} {uri ?? $"sip:{Domain}"} SIP/2.0\r\n{Common(method, User, User, Hex(8))}{extra}Content-Length: 0\r\n\r\n";

    /// <summary>Writes a request and waits for its final response.</summary>
    public async Task<SipText> RequestAsync(string request)
    {
        await WriteAsync(Encoding.UTF8.GetBytes(request));
        return await ResponseAsync();
    }

    /// <summary>The next final response.</summary>
    public async Task<SipText> ResponseAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            SipText response = await _responses.Reader.ReadAsync(patience.Token);
            if (response.Status >= 200) return response;
        }
    }

    /// <summary>A response that has come already, provisional ones too.</summary>
    public bool TryTakeResponse(out SipText response)
    {
        bool taken = _responses.Reader.TryRead(out SipText? one);
        response = one!;
        return taken;
    }

    /// <summary>Waits for a response of any kind.</summary>
    /// <returns>False if none came in that time, or the connection has ended.</returns>
    public async Task<bool> SeesResponseAsync(TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience);
        try
        {
            return await _responses.Reader.WaitToReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The next request from the server; MESSAGEs have been answered already.</summary>
    public async Task<SipText> NextRequestAsync(TimeSpan? patience = null)
    {
        using CancellationTokenSource limit = new(patience ?? Patience);
        return await _requests.Reader.ReadAsync(limit.Token);
    }

    /// <summary>Waits until so many MESSAGEs came.</summary>
    public async Task<IReadOnlyList<SipText>> ReceiveAsync(int count, TimeSpan? patience = null)
    {
        List<SipText> messages = [];
        while (messages.Count < count)
        {
            SipText request = await NextRequestAsync(patience);
            if (request.Method == "MESSAGE") messages.Add(request);
        }

        return messages;
    }

    /// <summary>Writes bytes as they are.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _writing.WaitAsync();
        try
        {
            await _tls.WriteAsync(bytes);
            await _tls.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Answers a request of the server with the headers RFC 3261 §8.2.6 asks for.</summary>
    public Task RespondAsync(SipText request, int status, string extra = "") =>
        WriteAsync(Encoding.UTF8.GetBytes(
            $"SIP/2.0 {status} Answer\r\n{string.Concat(request.All("Via").Select(via => $"Via: {via}\r\n"))}From: {request["From"]}\r\n"
            + $"To: {request["To"]};tag={_tag}\r\nCall-ID: {request["Call-ID"]}\r\nCSeq: {request["CSeq"]}\r\n{extra}Content-Length: 0\r\n\r\n"));

    /// <summary>The Authorization value that answers a 401's challenge (RFC 7616, qop=auth).</summary>
    public string Authorization(SipText challenge, string method, string uri)
    {
        string offer = challenge.All("WWW-Authenticate").FirstOrDefault(value => Parameter(value, "algorithm") == Algorithm)
            ?? throw new InvalidOperationException($"No {Algorithm} challenge in:\n{challenge}");
        string realm = Parameter(offer, "realm");
        string nonce = Parameter(offer, "nonce");
        string nc = (++_nonceCount).ToString("x8", CultureInfo.InvariantCulture);
        string cnonce = Hex(8);
        string response = Hash($"{Hash($"{User}:{realm}:{Password}")}:{nonce}:{nc}:{cnonce}:auth:{Hash($"{method}:{uri}")}");
        return $"Digest username=\"{User}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", "
            + $"algorithm={Algorithm}, qop=auth, nc={nc}, cnonce=\"{cnonce}\"";
    }

    /// <summary>Ends the connection without a word, as a lost network does.</summary>
    public async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync();
        await _reading;
        _writing.Dispose();
    }

    private static string Parameter(string header, string name)
    {
        int at = header.IndexOf($"{name}=", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return string.Empty;
        string rest = header[(at + name.Length + 1)..];
        return rest.StartsWith('"') ? rest[1..rest.IndexOf('"', 1)] : rest.Split(',', ' ')[0];
    }

    private static string Hex(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));

    private string Hash(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
#pragma warning disable CA5351 // the client's choice among the challenges offered is what the tests vary
        return Convert.ToHexStringLower(Algorithm == "MD5" ? MD5.HashData(bytes) : SHA256.HashData(bytes));
#pragma warning restore CA5351
    }

    private string Common(string method, string from, string? to, string callId, string? toUri = null) =>
        $"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK{Hex(8)};rport\r\nMax-Forwards: 70\r\n"
        + $"From: <sip:{from}@{Domain}>;tag={_tag}\r\nTo: <{toUri ?? $"sip:{to}@{Domain}"}>\r\n"
        + $"Call-ID: {callId}\r\nCSeq: {Interlocked.Increment(ref _cseq)} {method}\r\n";

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[65_536];
        int held = 0;
        try
        {
            while (true)
            {
                int read = await _tls.ReadAsync(buffer.AsMemory(held));
                if (read == 0) break;
                held += read;
                int used = await TakeAsync(buffer.AsMemory(0, held));
                buffer.AsSpan(used, held - used).CopyTo(buffer);
                held -= used;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection is over: Closed says so.
        }

        _responses.Writer.TryComplete();
        _requests.Writer.TryComplete();
        _closed.TrySetResult();
    }

    private async Task<int> TakeAsync(ReadOnlyMemory<byte> bytes)
    {
        int used = 0;
        while (true)
        {
            ReadOnlyMemory<byte> rest = bytes[used..];
            if (rest.Span.StartsWith("\r\n"u8))
            {
                int length = rest.Span.StartsWith("\r\n\r\n"u8) ? 4 : 2;
                _keepalives.Enqueue(length == 4 ? "ping" : "pong");
                used += length;
                continue;
            }

            int headers = rest.Span.IndexOf("\r\n\r\n"u8);
            if (headers < 0) return used;
            string block = Encoding.UTF8.GetString(rest.Span[..headers]);
            SipText bare = SipText.Parse(block, []);
            int body = int.Parse(bare["Content-Length"], CultureInfo.InvariantCulture);
            if (rest.Length < headers + 4 + body) return used;
            used += headers + 4 + body;
            await DispatchAsync(SipText.Parse(block, rest.Slice(headers + 4, body).ToArray()));
        }
    }

    private async Task DispatchAsync(SipText message)
    {
        if (message.Status > 0)
        {
            _responses.Writer.TryWrite(message);
            return;
        }

        if (message.Method == "MESSAGE")
        {
            Received.Enqueue(message);
            int status = Answer(message);
            if (status > 0) await RespondAsync(message, status);
        }

        _requests.Writer.TryWrite(message);
    }
}
