using System.Globalization;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Text;
using Testing.Shared.Sip;

namespace Load.FaultyServer;

/// <summary>One client's connection: messages in, bytes out.</summary>
internal sealed class Peer(SslStream tls)
{
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>What comes, pings answered.</summary>
    public async IAsyncEnumerable<SipText> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[65_536];
        int held = 0;
        while (true)
        {
            int read = await tls.ReadAsync(buffer.AsMemory(held), cancellationToken);
            if (read == 0) yield break;
            held += read;
            int used = 0;
            while (true)
            {
                if (buffer.AsSpan(used, held - used).StartsWith("\r\n\r\n"u8))
                {
                    used += 4;
                    await WriteAsync("\r\n"u8.ToArray());
                    continue;
                }

                if (!TryTake(buffer.AsMemory(used, held - used), out SipText message, out int bytes)) break;
                used += bytes;
                yield return message;
            }

            buffer.AsSpan(used, held - used).CopyTo(buffer);
            held -= used;
        }
    }

    /// <summary>Ends the connection.</summary>
    public void Cut() => tls.Dispose();

    public async Task WriteAsync(byte[] bytes)
    {
        await _writing.WaitAsync();
        try
        {
            await tls.WriteAsync(bytes);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Answers a request with the headers that RFC 3261 §8.2.6 asks for.</summary>
    public Task AnswerAsync(SipText request, int status, string extra) => WriteAsync(Encoding.UTF8.GetBytes(
        $"SIP/2.0 {status} Answer\r\nVia: {request["Via"]}\r\nFrom: {request["From"]}\r\nTo: {request["To"]};tag=s\r\nCall-ID: {request["Call-ID"]}\r\nCSeq: {request["CSeq"]}\r\n{extra}Content-Length: 0\r\n\r\n"));

    private static bool TryTake(ReadOnlyMemory<byte> bytes, out SipText message, out int used)
    {
        (message, used) = (null!, 0);
        int head = bytes.Span.IndexOf("\r\n\r\n"u8);
        if (head < 0) return false;
        string block = Encoding.UTF8.GetString(bytes.Span[..head]);
        int body = int.Parse(SipText.Parse(block, [])["Content-Length"], CultureInfo.InvariantCulture);
        used = head + 4 + body;
        if (bytes.Length < used) return false;
        message = SipText.Parse(block, bytes.Slice(head + 4, body).ToArray());
        return true;
    }
}
