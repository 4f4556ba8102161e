using System.Text;
using Edge.Sip.Transactions;

namespace Load.Engine;

/// <summary>Writes what a phone sends: REGISTER (RFC 3261 §10.2, RFC 5626) and MESSAGE (RFC 3428).</summary>
/// <param name="domain">The domain served.</param>
/// <param name="run">Tells this run's transactions from those of any other: real servers remember both.</param>
internal sealed class SipRequests(string domain, uint run)
{
    private readonly byte[] _domain = Encoding.ASCII.GetBytes(domain);
    private readonly byte[] _domainUri = Encoding.ASCII.GetBytes($"sip:{domain}");
    private readonly byte[] _run = Encoding.ASCII.GetBytes(run.ToString("x8", System.Globalization.CultureInfo.InvariantCulture));

    /// <returns>Bytes written; 0 if they do not fit.</returns>
    public int Register(Span<byte> buffer, VirtualUser user, int expires, bool authorize)
    {
        user.CSeq++;
        SipText text = new(buffer);
        text.Raw("REGISTER "u8);
        text.Raw(_domainUri);
        Via(ref text, (byte)'r', user.Index, user.CSeq);
        From(ref text, user);
        text.Raw("To: <sip:"u8);
        text.Raw(user.Name);
        text.Raw("@"u8);
        text.Raw(_domain);
        text.Raw(">\r\nCall-ID: r"u8);
        text.Number(user.Index);
        CallIdEnd(ref text, user.CSeq, "REGISTER"u8);
        text.Raw("Supported: outbound, path\r\nContact: <sip:"u8);
        text.Raw(user.Name);
        text.Raw("@127.0.0.1:9;transport=tls;ob>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-"u8);
        Twelve(ref text, user.Index);
        text.Raw(">\"\r\nExpires: "u8);
        text.Number(expires);
        text.EndLine();
        if (authorize && user.Digest is { } digest) digest.Write(ref text, user.Name, "REGISTER"u8, _domainUri);
        text.Raw("User-Agent: edge-load\r\nContent-Length: 0\r\n\r\n"u8);
        return text.Length;
    }

    /// <summary>A text to another user.</summary>
    /// <param name="sequence">Stands in its Call-ID, which the answer repeats.</param>
    public int Message(Span<byte> buffer, VirtualUser user, ReadOnlySpan<byte> to, int sequence, ReadOnlySpan<byte> body)
    {
        user.CSeq++;
        SipText text = new(buffer);
        text.Raw("MESSAGE sip:"u8);
        text.Raw(to);
        text.Raw("@"u8);
        text.Raw(_domain);
        Via(ref text, (byte)'m', sequence, user.CSeq);
        From(ref text, user);
        text.Raw("To: <sip:"u8);
        text.Raw(to);
        text.Raw("@"u8);
        text.Raw(_domain);
        text.Raw(">\r\nCall-ID: m"u8);
        text.Number(sequence);
        CallIdEnd(ref text, user.CSeq, "MESSAGE"u8);
        text.Raw("Content-Type: text/plain;charset=UTF-8\r\nContent-Length: "u8);
        text.Number(body.Length);
        text.Raw("\r\n\r\n"u8);
        text.Raw(body);
        return text.Length;
    }

    /// <summary>The number in the Call-ID of one of our MESSAGEs.</summary>
    public static bool TryReadSequence(ReadOnlySpan<byte> callId, out int sequence)
    {
        sequence = -1;
        return callId.Length > 1 && callId[0] == (byte)'m' && System.Buffers.Text.Utf8Parser.TryParse(callId[1..], out sequence, out int digits) && digits > 0;
    }

    private void Via(ref SipText text, byte kind, int number, uint cseq)
    {
        text.Raw(" SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK"u8);
        text.Raw([kind]);
        text.Raw(_run);
        text.Raw("."u8);
        text.Number(number);
        text.Raw("."u8);
        text.Number(cseq);
        text.Raw(";rport\r\nMax-Forwards: 70\r\n"u8);
    }

    private void From(ref SipText text, VirtualUser user)
    {
        text.Raw("From: <sip:"u8);
        text.Raw(user.Name);
        text.Raw("@"u8);
        text.Raw(_domain);
        text.Raw(">;tag="u8);
        text.Raw(_run);
        text.EndLine();
    }

    private void CallIdEnd(ref SipText text, uint cseq, ReadOnlySpan<byte> method)
    {
        text.Raw("-"u8);
        text.Raw(_run);
        text.Raw("\r\nCSeq: "u8);
        text.Number(cseq);
        text.Raw(" "u8);
        text.Raw(method);
        text.EndLine();
    }

    /// <summary>The last group of a UUID.</summary>
    private static void Twelve(ref SipText text, int number)
    {
        Span<byte> digits = stackalloc byte[12];
        _ = System.Buffers.Text.Utf8Formatter.TryFormat(number, digits, out _, new System.Buffers.StandardFormat('D', 12));
        text.Raw(digits);
    }
}
