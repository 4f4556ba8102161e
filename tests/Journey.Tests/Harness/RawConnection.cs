using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Journey.Tests.Harness;

/// <summary>Bytes to a port as they are, and what came back: for requests that no client would send.</summary>
internal static class RawConnection
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Writes a request and reads until the server ends the connection.</summary>
    /// <param name="port">On loopback.</param>
    /// <param name="authority">The only one trusted; null for a connection without TLS.</param>
    /// <param name="request">In Latin-1: every byte can be said. It should ask for the connection's end.</param>
    public static async Task<string> AskAsync(int port, X509Certificate2? authority, string request)
    {
        using CancellationTokenSource deadline = new(Patience);
        using TcpClient tcp = new() { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port, deadline.Token);
        await using Stream stream = authority is null ? tcp.GetStream() : await SecuredAsync(tcp.GetStream(), authority, deadline.Token);
        StringBuilder answer = new();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
            byte[] buffer = new byte[4_096];
            while (await stream.ReadAsync(buffer, deadline.Token) is > 0 and int read) answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // reset: what came before counts
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The connection was not ended after:\n{request}\nAnswer:\n{answer}");
        }

        return answer.ToString();
    }

    private static async Task<Stream> SecuredAsync(NetworkStream stream, X509Certificate2 authority, CancellationToken deadline)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        SslStream tls = new(stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy }, deadline);
        return tls;
    }
}
