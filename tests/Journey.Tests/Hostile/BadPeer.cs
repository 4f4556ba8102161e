using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Journey.Tests.Hostile;

/// <summary>Connections that no client makes, each until the edge ends it.</summary>
internal static class BadPeer
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>The first half of a ClientHello, and nothing behind it.</summary>
    private static readonly byte[] HalfHello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03, 0x11, 0x22, 0x33];

    /// <summary>The head of a ClientHello of 131,072 bytes, a record of its own: OpenSSL makes room for all of them.</summary>
    private static readonly byte[] LyingHello = [0x16, 0x03, 0x01, 0x00, 0x04, 0x01, 0x02, 0x00, 0x00];

    /// <summary>A handshake that stays half done.</summary>
    /// <param name="lies">It declares much more than it sends.</param>
    /// <returns>How long the edge bore it.</returns>
    public static async Task<TimeSpan> HalfHandshakeAsync(int port, bool lies, CancellationToken deadline)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, port, deadline);
        long began = Stopwatch.GetTimestamp();
        NetworkStream stream = tcp.GetStream();
        await stream.WriteAsync(lies ? LyingHello : HalfHello, deadline);
        await UntilEndAsync(stream, deadline);
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>A request of which one byte comes a second.</summary>
    /// <inheritdoc cref="HalfHandshakeAsync"/>
    public static async Task<TimeSpan> SlowAsync(int port, SemaphoreSlim doors, CancellationToken deadline)
    {
        await doors.WaitAsync(deadline);
        SslStream connected;
        try
        {
            connected = await ConnectAsync(port, null, deadline);
        }
        finally
        {
            doors.Release();
        }

        await using SslStream tls = connected;
        long began = Stopwatch.GetTimestamp();
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        Task end = UntilEndAsync(tls, deadline);
        try
        {
            for (int i = 0; !end.IsCompleted; i++)
            {
                await tls.WriteAsync(new[] { (byte)"REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK"[i] }, deadline);
                await Task.WhenAny(end, Task.Delay(Second, deadline));
            }
        }
        catch (IOException)
        {
            // the edge has ended it
        }

        await end;
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Asks and asks, in requests whose answers are long, and reads nothing.</summary>
    /// <inheritdoc cref="HalfHandshakeAsync"/>
    public static async Task<TimeSpan> SlowReaderAsync(int port, SemaphoreSlim doors, CancellationToken deadline)
    {
        await doors.WaitAsync(deadline);
        SslStream connected;
        try
        {
            connected = await ConnectAsync(port, null, deadline, receiveBuffer: 4_096);
        }
        finally
        {
            doors.Release();
        }

        await using SslStream tls = connected;
        long began = Stopwatch.GetTimestamp();
        byte[] requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
            $"OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@example.test>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: {new string('c', 2_000)}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", 6)));
        try
        {
            while (true)
            {
                await tls.WriteAsync(requests, deadline);
                await Task.Delay(100, deadline);
            }
        }
        catch (IOException)
        {
            return Stopwatch.GetElapsedTime(began);   // the edge has ended it
        }
    }

    /// <summary>The head of a request with a body of this many bytes, none of which comes.</summary>
    /// <returns>The first line of the answer; empty if the edge waits.</returns>
    public static async Task<string> DeclareAsync(int port, string length, TimeSpan wait, CancellationToken deadline)
    {
        await using SslStream tls = await ConnectAsync(port, null, deadline);
        await tls.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"MESSAGE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@example.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: {length}\r\n\r\n"),
            deadline);
        byte[] answer = new byte[1_024];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        limit.CancelAfter(wait);
        try
        {
            int read = await tls.ReadAsync(answer, limit.Token);
            return Encoding.ASCII.GetString(answer, 0, read).Split('\r')[0];
        }
        catch (OperationCanceledException) when (!deadline.IsCancellationRequested)
        {
            return string.Empty;
        }
    }

    /// <summary>Connects from an address; whose certificate it is is not this peer's concern.</summary>
    public static async Task<SslStream> ConnectAsync(int port, IPAddress? from, CancellationToken deadline, int receiveBuffer = 0)
    {
        TcpClient tcp = new(new IPEndPoint(from ?? IPAddress.Any, 0)) { NoDelay = true };
        if (receiveBuffer > 0) tcp.ReceiveBufferSize = receiveBuffer;
        SslStream? tls = null;
        try
        {
            await tcp.ConnectAsync(IPAddress.Loopback, port, deadline);
            tls = new SslStream(tcp.GetStream());
#pragma warning disable CA5359 // a flood of many connections: checking each certificate would cost this side more than the other
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true, CertificateRevocationCheckMode = X509RevocationMode.NoCheck }, deadline);
#pragma warning restore CA5359
            return tls;
        }
        catch
        {
            if (tls is not null) await tls.DisposeAsync();
            tcp.Dispose();
            throw;
        }
    }

    private static async Task UntilEndAsync(Stream stream, CancellationToken deadline)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (await stream.ReadAsync(buffer, deadline) > 0)
            {
            }
        }
        catch (IOException)
        {
            // a reset is an end too
        }
    }
}
