using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transport.Native;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>What every transport promises, whatever carries the bytes.</summary>
public abstract partial class TransportTests(string kind)
{
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Handshake_Tls12And13_AreServed(SslProtocols protocol)
    {
        await using TestEdge edge = await StartAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, protocol);
        Assert.Equal(protocol, tls.SslProtocol);
    }

    /// <summary>Without forward secrecy or authenticated encryption there is no handshake, and with one suite more of those allowed there is: by the suite alone.</summary>
    [Theory]
    [InlineData("ECDHE-ECDSA-AES128-SHA256")]
    [InlineData("ECDHE-ECDSA-AES256-SHA384")]
    [InlineData("ECDHE-ECDSA-AES128-SHA")]
    public async Task Handshake_CbcOnly_Fails(string suite)
    {
        await using TestEdge edge = await StartAsync();
        Assert.Equal("0000", await OpenSslClient.SuiteAsync(edge, suite));
        Assert.Equal("ECDHE-ECDSA-AES128-GCM-SHA256", await OpenSslClient.SuiteAsync(edge, $"{suite}:ECDHE-ECDSA-AES128-GCM-SHA256"));
    }

    [Fact]
    public async Task CipherSuites_Set_NothingElseIsNegotiated()
    {
        await using TestEdge edge = await StartAsync("Sip:CipherSuites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        Assert.Equal("ECDHE-ECDSA-AES256-GCM-SHA384", await OpenSslClient.SuiteAsync(edge, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"));
        Assert.Equal("0000", await OpenSslClient.SuiteAsync(edge, "ECDHE-ECDSA-AES128-GCM-SHA256"));
        using TcpClient tcp = await edge.ConnectRawAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => SecureAsync(tcp, SslProtocols.Tls13));   // no suite of 1.3 is left
    }

    /// <summary>Promise P7: a peer that asks and does not read is ended, and holds up nobody.</summary>
    [Fact]
    [Spec("P7")]
    public async Task SlowReader_OverItsBound_IsEnded()
    {
        await using TestEdge edge = await StartAsync("Sip:OutgoingBytes=16384");
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, SslProtocols.Tls13);
        byte[] requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(bob.PlainText("OPTIONS"), 100)));
        await Until.TrueAsync(
            () =>
            {
                try
                {
                    tls.Write(requests);
                }
                catch (IOException)
                {
                    // Ended: that is what the test waits for.
                }

                return edge.Sum("edge.connections.ended/slow_reader") == 1;
            },
            "slow reader ended");
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    [Fact]
    public async Task Connections_OverTheCap_AreClosedAtOnce()
    {
        await using TestEdge edge = await StartAsync("Sip:MostConnections=1");
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient second = await edge.ConnectRawAsync();
        Assert.Equal(0, await second.GetStream().ReadAsync(new byte[1]));
        Assert.Equal(1, edge.Sum("edge.connections.refused"));
        await bob.DisposeAsync();
        await Until.TrueAsync(() => edge.Sessions == 0, "the place is free");
        await edge.RegisteredAsync("carol");
    }

    [Fact]
    public async Task Stop_SaysCloseNotifyAndUnregisters()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        await edge.StopAsync();
        await bob.Closed.WaitAsync(Until.Patience);
        await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(1, edge.Sum("edge.connections.ended/stopping"));
        Assert.Equal(0, edge.Sum("edge.connections"));
        Assert.Equal(0, edge.Links.Unconfirmed);
    }

    /// <summary>By TLS 1.2, where a record says outside what it is: the last one is an alert, and it is all that comes (RFC 5246 §7.2.1).</summary>
    [Fact]
    public async Task Stop_OfAConnectionAtRest_SendsAnAlertAndNothingElse()
    {
        await using TestEdge edge = await StartAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, SslProtocols.Tls12);
        await tls.WriteAsync(Encoding.ASCII.GetBytes((await edge.RegisteredAsync()).PlainText("OPTIONS")));
        Assert.StartsWith("SIP/2.0 200 ", await ReadHeadAsync(tls), StringComparison.Ordinal);
        await edge.StopAsync();
        using MemoryStream rest = new();
        await tcp.GetStream().CopyToAsync(rest).WaitAsync(Until.Patience);
        byte[] record = rest.ToArray();
        const byte Alert = 21;
        Assert.InRange(record.Length, 6, 256);
        Assert.Equal((Alert, record.Length - 5), (record[0], (record[3] << 8) | record[4]));
    }

    /// <summary>A peer that is gone without a word is found by what it does not acknowledge (tcp(7), TCP_USER_TIMEOUT).</summary>
    [Fact]
    public async Task Connection_Accepted_HasItsUserTimeout()
    {
        await using TestEdge edge = await StartAsync("Sip:UserTimeoutSeconds=33");
        await edge.RegisteredAsync();
        List<int> milliseconds = [];
        foreach (string descriptor in Directory.GetFiles("/proc/self/fd"))
        {
            int socket = int.Parse(Path.GetFileName(descriptor), null);
            byte[] own = new byte[128];   // struct sockaddr_in: family, then the port, big-endian
            (int ownLength, int peerLength, int valueLength) = (own.Length, own.Length, sizeof(int));
            bool isConnected = getpeername(socket, new byte[peerLength], ref peerLength) == 0 && getsockname(socket, own, ref ownLength) == 0;
            if (!isConnected || ((own[2] << 8) | own[3]) != edge.Port) continue;
            Assert.Equal(0, getsockopt(socket, Linux.IPPROTO_TCP, Linux.TCP_USER_TIMEOUT, out int value, ref valueLength));
            milliseconds.Add(value);
        }

        Assert.Equal(33_000, Assert.Single(milliseconds));
    }

    /// <summary>Early data can be sent again by whoever saw it (RFC 8446 §8): the ticket allows none.</summary>
    [Fact]
    public async Task Ticket_Tls13_AllowsNoEarlyData()
    {
        await using TestEdge edge = await StartAsync();
        string session = edge.Pki.PathOf("early.session");
        await OpenSslClient.SaveSessionAsync(edge, "-tls1_3", session);
        using Process reader = Process.Start(new ProcessStartInfo("openssl", ["sess_id", "-in", session, "-noout", "-text"]) { RedirectStandardOutput = true })!;
        Assert.Contains("Max Early Data: 0\n", await reader.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortTaken_Fails()
    {
        await using TestEdge edge = await StartAsync();
        await Assert.ThrowsAsync<SocketException>(() => StartAsync($"Sip:Port={edge.Port}"));
    }

    [Fact]
    public async Task Flows_Rise()
    {
        await using TestEdge edge = await StartAsync();
        await edge.RegisteredAsync("bob");
        await edge.RegisteredAsync("carol");
        Assert.True(edge.FlowOf("carol") > edge.FlowOf("bob"));
    }

    /// <summary>Each byte a TLS record of its own, and each byte of those a TCP segment of its own.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_ByteByByte_IsAnswered(bool segments)
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        tcp.NoDelay = true;
        using SslStream tls = await SecureAsync(segments ? new ByteByByteStream(tcp.GetStream()) : tcp.GetStream(), SslProtocols.Tls13);
        byte[] request = Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS"));
        for (int i = 0; i < request.Length; i++) await tls.WriteAsync(request.AsMemory(i, 1));
        Assert.StartsWith("SIP/2.0 200 ", await ReadHeadAsync(tls), StringComparison.Ordinal);
    }

    /// <summary>Every way in which two messages can be cut into two records.</summary>
    [Fact]
    public async Task Requests_CutAtEveryByte_AreAnswered()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        tcp.NoDelay = true;
        using SslStream tls = await SecureAsync(tcp.GetStream(), SslProtocols.Tls13);
        byte[] requests = Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS") + bob.PlainText("OPTIONS"));
        for (int cut = 1; cut < requests.Length; cut++)
        {
            await tls.WriteAsync(requests.AsMemory(0, cut));
            await tls.WriteAsync(requests.AsMemory(cut));
            Assert.StartsWith("SIP/2.0 200 ", await ReadHeadAsync(tls), StringComparison.Ordinal);
            Assert.StartsWith("SIP/2.0 200 ", await ReadHeadAsync(tls), StringComparison.Ordinal);
        }
    }

    /// <summary>Answers that do not fit into the socket wait in the queue and leave in order, whole, as it empties.</summary>
    [Fact]
    public async Task Answers_MoreThanTheSocketHolds_AllArriveInOrder()
    {
        const int Requests = 2_000;
        await using TestEdge edge = await StartAsync("Sip:OutgoingBytes=16777216", "Sip:UnregisteredOutgoingBytes=16777216");
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        tcp.ReceiveBufferSize = 4_096;
        using SslStream tls = await SecureAsync(tcp.GetStream(), SslProtocols.Tls13);
        for (int i = 0; i < Requests; i++) await tls.WriteAsync(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS").Replace("Call-ID: ", $"Call-ID: n{i}-", StringComparison.Ordinal)));
        for (int i = 0; i < Requests; i++) Assert.Contains($"\r\nCall-ID: n{i}-", await ReadHeadAsync(tls), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A peer that is gone without a word, at each stage of a connection's life, leaves nothing behind and disturbs nobody.</summary>
    [Fact]
    public async Task Peer_ResetsAtEveryStage_LeavesNothingBehind()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        byte[] hello = await ClientHelloAsync();
        foreach (int bytes in new[] { 0, 1, 5, hello.Length / 2, hello.Length })
        {
            using TcpClient tcp = await edge.ConnectRawAsync();
            await tcp.GetStream().WriteAsync(hello.AsMemory(0, bytes));
            Reset(tcp);
        }

        foreach (string begun in new[] { "", "OPT", bob.PlainText("OPTIONS")[..^4], string.Concat(Enumerable.Repeat(bob.PlainText("OPTIONS"), 50)) })
        {
            using TcpClient tcp = await edge.ConnectRawAsync();
            using SslStream tls = await SecureAsync(tcp.GetStream(), SslProtocols.Tls13);
            await tls.WriteAsync(Encoding.ASCII.GetBytes(begun));
            Reset(tcp);
        }

        await Until.TrueAsync(() => edge.Sessions == 1, "only bob is left");
        Assert.Equal(1, edge.Sum("edge.connections"));
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    /// <summary>TCP closed without close_notify, in the middle of a message: nothing of it is taken, and the account is offline at once.</summary>
    [Fact]
    public async Task Peer_ClosesWithoutCloseNotify_ConnectionEnds()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp.GetStream(), SslProtocols.Tls13);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS")[..^4]));
        tcp.Client.Shutdown(SocketShutdown.Both);
        await Until.TrueAsync(() => edge.Sessions == 1, "ended");
        Assert.Equal(1, edge.Sum("edge.connections.ended/peer_closed"));
    }

    /// <summary>TCP ends in the middle of a TLS record, at any byte of it: what was cut off is not taken, and the account is offline at once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(100)]
    public async Task Peer_EndsWithinARecord_NothingOfItIsTaken(int bytes)
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        await using CutStream cut = new(tcp.GetStream());
        using SslStream tls = await SecureAsync(cut, SslProtocols.Tls13);
        cut.Left = bytes;
        await tls.WriteAsync(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS")));
        tcp.Client.Shutdown(SocketShutdown.Send);
        await Until.TrueAsync(() => edge.Sessions == 1, "ended");
        Assert.Equal(0, edge.Sum("edge.requests/OPTIONS"));
    }

    /// <summary>What a client says before it closes is heard, even if both come at once: an answer to a delivery may be its last word.</summary>
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Request_WithCloseNotifyInOneSegment_IsTaken(SslProtocols protocol)
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        await using CutStream cut = new(tcp.GetStream());
        using SslStream tls = await SecureAsync(cut, protocol);
        using MemoryStream held = new();
        cut.Elsewhere = held;
        await tls.WriteAsync(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS")));
        await tls.ShutdownAsync();
        await tcp.GetStream().WriteAsync(held.ToArray());
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/peer_closed") == 1, "ended");
        Assert.Equal(1, edge.Sum("edge.requests/OPTIONS"));
    }

    /// <summary>More than one turn of a transport's thread takes, from many at once: nobody gets what is another's.</summary>
    [Fact]
    public async Task Requests_OfManyAtOnce_EachGetsItsOwnAnswersInOrder()
    {
        const int Clients = 40, Requests = 30;   // 12 KB of requests and as much of answers each
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SslStream[] clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ => await SecureAsync(await edge.ConnectRawAsync(), SslProtocols.Tls13)));
        byte[][] said = [.. clients.Select((_, client) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Requests).Select(
            request => bob.PlainText("OPTIONS").Replace("Call-ID: ", $"Call-ID: c{client}n{request}-", StringComparison.Ordinal)))))];
        await Task.WhenAll(clients.Select((tls, client) => tls.WriteAsync(said[client]).AsTask()));
        await Task.WhenAll(clients.Select(async (tls, client) =>
        {
            for (int request = 0; request < Requests; request++)
                Assert.Contains($"\r\nCall-ID: c{client}n{request}-", await ReadHeadAsync(tls), StringComparison.OrdinalIgnoreCase);
            await tls.DisposeAsync();
        }));
    }

    /// <summary>A client that asks for a new handshake on its connection, as TLS 1.2 allows, is refused: it would be work without end for one connection.</summary>
    [Fact]
    public async Task Renegotiation_AskedFor_IsRefused()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using Process client = Process.Start(new ProcessStartInfo("openssl", ["s_client", "-connect", $"127.0.0.1:{edge.Port}", "-tls1_2"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> said = client.StandardOutput.ReadToEndAsync(), complained = client.StandardError.ReadToEndAsync();
        await Until.TrueAsync(() => edge.Sum("edge.connections") == 2, "connected");
        await client.StandardInput.WriteAsync("R\n");   // its command to renegotiate
        await client.StandardInput.FlushAsync();
        await client.WaitForExitAsync().WaitAsync(SipClient.Patience);
        string words = await said + await complained;
        Assert.Contains("RENEGOTIATING", words, StringComparison.Ordinal);
        Assert.Contains(":error:", words, StringComparison.Ordinal);   // by the alert no_renegotiation, or the connection's end without one (SslStream)
        await Until.TrueAsync(() => edge.Sessions == 1, "only bob is left");
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    [Fact]
    public async Task Handshake_Garbage_IsEndedAndCounted()
    {
        await using TestEdge edge = await StartAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        await tcp.GetStream().WriteAsync("OPTIONS sip:example.test SIP/2.0\r\n\r\n"u8.ToArray());
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/handshake_failed") == 1, "ended");
        Assert.Equal(0, edge.Sessions);
    }

    [Fact]
    public async Task Connections_Many_AreServedAndGone()
    {
        const int Many = 2_000;
        await using TestEdge edge = await StartAsync("Sip:FirstRequestSeconds=60", "Sip:UnregisteredSeconds=120");
        SipClient bob = await edge.RegisteredAsync();
        List<TcpClient> open = [];
        foreach (int[] several in Enumerable.Range(0, Many).Chunk(16))
        {
            open.AddRange(await Task.WhenAll(several.Select(async _ =>
            {
                TcpClient tcp = await edge.ConnectRawAsync();
                SslStream tls = await SecureAsync(tcp.GetStream(), SslProtocols.Tls13);
                await tls.WriteAsync(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS")));
                Assert.StartsWith("SIP/2.0 200 ", await ReadHeadAsync(tls), StringComparison.Ordinal);
                return tcp;
            })));
        }

        Assert.Equal(Many + 1, edge.Sum("edge.connections"));
        foreach (TcpClient tcp in open) tcp.Dispose();
        await Until.TrueAsync(() => edge.Sessions == 1, "all gone");
        Assert.Equal(1, edge.Sum("edge.connections"));
    }

    /// <summary>Each time new connections see the new one within a second, and those there are do not notice.</summary>
    [Fact]
    public async Task Certificate_ReplacedManyTimes_ShownToNewConnectionsAlone()
    {
        await using TestEdge edge = await StartStandingAsync();
        SipClient bob = await edge.RegisteredAsync();
        HashSet<string> serials = [await SerialAsync(edge)];
        for (int i = 0; i < 20; i++)
        {
            edge.Pki.IssueSip();
            await edge.MoveAsync(TimeSpan.FromSeconds(1));
            Assert.True(serials.Add(await SerialAsync(edge)), "the certificate of before");
            Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
        }

        Assert.Equal(20, edge.Sum("edge.certificate.reads/taken"));
        Assert.Equal(0, edge.Sum("edge.certificate.reads/refused"));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("no PEM")]
    [InlineData("another's key")]
    [InlineData("expired")]
    public async Task Certificate_ReplacedByWhatCannotBeUsed_OldOneStaysAndItIsTold(string what)
    {
        await using TestEdge edge = await StartStandingAsync();
        string serial = await SerialAsync(edge);
        if (what == "missing") File.Delete(edge.Pki.PathOf("sip.key"));
        else if (what == "no PEM") await File.WriteAllTextAsync(edge.Pki.PathOf("sip.pem"), "hello");
        else if (what == "another's key") File.Copy(edge.Pki.PathOf("core.key"), edge.Pki.PathOf("sip.key"), overwrite: true);
        else edge.Pki.IssueSip(expired: true);
        await edge.MoveAsync(TimeSpan.FromSeconds(3));
        Assert.Equal((serial, 1L), (await SerialAsync(edge), edge.Sum("edge.certificate.reads/refused")));
        edge.Pki.IssueSip();
        await edge.MoveAsync(TimeSpan.FromSeconds(1));
        Assert.NotEqual(serial, await SerialAsync(edge));
    }

    /// <summary>The files stay as they are: what refused them has passed.</summary>
    [Fact]
    public async Task Certificate_NotValidYet_IsTakenOnceItIs()
    {
        await using TestEdge edge = await StartStandingAsync();
        string serial = await SerialAsync(edge);
        edge.Pki.IssueSip(begins: edge.Time!.GetUtcNow().AddSeconds(20));
        await edge.MoveAsync(TimeSpan.FromSeconds(15));
        Assert.Equal((serial, 1L), (await SerialAsync(edge), edge.Sum("edge.certificate.reads/refused")));
        await edge.MoveAsync(TimeSpan.FromSeconds(15));
        Assert.NotEqual(serial, await SerialAsync(edge));
        Assert.Equal(1, edge.Sum("edge.certificate.reads/taken"));
    }

    [Fact]
    public async Task Start_CertificateHasEnded_Refused()
    {
        using TestPki pki = new();
        pki.IssueSip(expired: true);
        CryptographicException fault = await Assert.ThrowsAsync<CryptographicException>(() => StartAsync($"Sip:CertificateFile={pki.PathOf("sip.pem")}", $"Sip:KeyFile={pki.PathOf("sip.key")}"));
        Assert.Contains("renew it", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>Writes so many bytes more and swallows the rest; or writes elsewhere.</summary>
    private sealed class CutStream(Stream inner) : Stream
    {
        public int Left { get; set; } = int.MaxValue;

        public Stream? Elsewhere { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count)
        {
            count = Math.Min(count, Left);
            Left -= count;
            (Elsewhere ?? inner).Write(buffer, offset, count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(buffer.Length, Left);
            Left -= count;
            return (Elsewhere ?? inner).WriteAsync(buffer[..count], cancellationToken);
        }

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    private Task<TestEdge> StartStandingAsync() => TestEdge.StartAsync(moveTime: true, settings: [$"Sip:Transport={kind}"]);

    private static async Task<string> SerialAsync(TestEdge edge)
    {
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, SslProtocols.Tls13);
        return tls.RemoteCertificate!.GetSerialNumberString();
    }

    [LibraryImport("libc")]
    private static partial int getpeername(int socket, [Out] byte[] address, ref int length);

    [LibraryImport("libc")]
    private static partial int getsockname(int socket, [Out] byte[] address, ref int length);

    [LibraryImport("libc")]
    private static partial int getsockopt(int socket, int level, int name, out int value, ref int length);

    private Task<TestEdge> StartAsync(params string[] settings) => TestEdge.StartAsync(settings: [$"Sip:Transport={kind}", .. settings]);

    private static Task<SslStream> SecureAsync(TcpClient tcp, SslProtocols protocol) => SecureAsync(tcp.GetStream(), protocol);

    private static async Task<SslStream> SecureAsync(Stream stream, SslProtocols protocol)
    {
#pragma warning disable CA5359 // the certificate is not what these tests are about
        SslStream tls = new(stream, false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "example.test", EnabledSslProtocols = protocol });
        return tls;
    }

    /// <summary>Reads one answer without a body.</summary>
    private static async Task<string> ReadHeadAsync(SslStream tls)
    {
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await tls.ReadExactlyAsync(one).AsTask().WaitAsync(Until.Patience);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>What a client says first.</summary>
    private static async Task<byte[]> ClientHelloAsync()
    {
        using MemoryStream said = new();
        await Assert.ThrowsAnyAsync<Exception>(() => SecureAsync(said, SslProtocols.Tls13));   // nobody answers
        return said.ToArray();
    }

    private static void Reset(TcpClient tcp)
    {
        tcp.Client.LingerState = new LingerOption(true, 0);
        tcp.Client.Close();
    }
}

public sealed class NativeTransportTests() : TransportTests("Native");

public sealed class PortableTransportTests() : TransportTests("Portable");
