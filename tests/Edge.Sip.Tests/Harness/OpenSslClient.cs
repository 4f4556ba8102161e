using System.Diagnostics;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Harness;

/// <summary><c>openssl s_client</c>: a TLS client that keeps session tickets in files.</summary>
internal static class OpenSslClient
{
    /// <summary>Shakes hands and keeps the ticket that comes.</summary>
    /// <param name="version"><c>-tls1_2</c> or <c>-tls1_3</c>.</param>
    /// <param name="session">File for it.</param>
    /// <param name="says">Sent before the ticket is waited for; null for nothing.</param>
    public static async Task SaveSessionAsync(TestEdge edge, string version, string session, string? says = null)
    {
        using Process client = Start(edge, version, "-sess_out", session);
        if (says is not null) await client.StandardInput.WriteAsync(says);
        await client.StandardInput.FlushAsync();
        await Until.TrueAsync(() => File.Exists(session) && File.ReadAllText(session).Contains("END SSL SESSION", StringComparison.Ordinal), "the ticket came");
        if (says is not null) await Until.TrueAsync(() => edge.Sum("edge.requests/OPTIONS") == 1, "asked");
        client.StandardInput.Close();
        await client.WaitForExitAsync().WaitAsync(SipClient.Patience);
    }

    /// <summary>Shakes hands with a kept ticket.</summary>
    /// <returns>Whether the handshake was a short one.</returns>
    public static async Task<bool> ResumesAsync(TestEdge edge, string version, string session)
    {
        using Process client = Start(edge, version, "-sess_in", session);
        client.StandardInput.Close();
        string said = await client.StandardOutput.ReadToEndAsync().WaitAsync(SipClient.Patience);
        Assert.Contains(version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3", said, StringComparison.Ordinal);
        return said.Contains("\nReused, ", StringComparison.Ordinal);
    }

    /// <summary>Shakes hands by TLS 1.2 with these suites only, by OpenSSL's names.</summary>
    /// <returns>The suite; "0000", OpenSSL's word for none, if there was no handshake.</returns>
    public static async Task<string> SuiteAsync(TestEdge edge, string suites)
    {
        using Process client = Start(edge, "-tls1_2", "-cipher", suites + ":@SECLEVEL=0");
        client.StandardInput.Close();
        string said = await client.StandardOutput.ReadToEndAsync().WaitAsync(SipClient.Patience);
        return said.Split('\n').Select(static line => line.Trim()).First(static line => line.StartsWith("Cipher    :", StringComparison.Ordinal)).Split(':')[1].Trim();
    }

    private static Process Start(TestEdge edge, params string[] options)
    {
        Process client = Process.Start(new ProcessStartInfo("openssl", ["s_client", "-connect", $"127.0.0.1:{edge.Port}", .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        client.ErrorDataReceived += static (_, _) => { };
        client.BeginErrorReadLine();
        return client;
    }
}
