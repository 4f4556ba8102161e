using System.Buffers;
using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>Writes the MESSAGE that delivers a text or a receipt: RFC 3428, with the headers that spec S3, S28 and "What real clients need" ask for.</summary>
internal static class MessageRequestWriter
{
    /// <summary>Header that carries the message's id; the Call-ID begins with the same id. Documented, so never renamed.</summary>
    public const string MessageIdHeader = "X-Edge-Message-Id";

    /// <summary>Digits of a branch: 128 random bits.</summary>
    public const int BranchDigits = 32;

    /// <summary>Room that is always enough beside the message's spans, each counted as often as it is written.</summary>
    private const int ExtraBytes = 640;

    private static readonly SearchValues<byte> UserBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"u8);

    /// <summary>A buffer of this many bytes is enough.</summary>
    public static int MostBytes(in OutboundMessage message) => ExtraBytes + message.RequestUri.Length + message.Route.Length + message.SentBy.Length
        + message.Sender.Length + message.Recipient.Length + (3 * message.Domain.Length) + (2 * message.SenderTag.Length)
        + (2 * message.MessageId.Length) + message.BranchDigits.Length + message.ContentType.Length + message.Body.Length;

    /// <summary>Writes the whole request.</summary>
    /// <returns>Its bytes, or 0: it does not fit, or a field holds what it may not. Nothing a client put into its Contact can add a header.</returns>
    public static int Write(in OutboundMessage message, Span<byte> buffer)
    {
        if (!IsUser(message.Sender) || !IsUser(message.Recipient) || !SipGrammar.IsHost(message.Domain) || !SipGrammar.IsToken(message.SenderTag)
            || !SipGrammar.IsToken(message.MessageId) || !SipGrammar.IsToken(message.BranchDigits)
            || !SipGrammar.TryReadHostPort(message.SentBy, out _, out _) || SipUri.Parse(message.RequestUri, out SipUri uri) != SipFault.None)
        {
            return 0;
        }

        SipText text = new(buffer);
        text.Raw("MESSAGE "u8);
        text.Raw(uri.WithoutHeaders);   // headers in a Contact URI are never taken up (RFC 3261 §19.1.5)
        text.Raw(" SIP/2.0\r\nVia: SIP/2.0/TLS "u8);
        text.Value(message.SentBy);
        text.Raw(";branch="u8);
        text.Raw(SipVia.MagicCookie);
        text.Raw(message.BranchDigits);
        text.Raw("\r\nMax-Forwards: 70\r\n"u8);
        if (!message.Route.IsEmpty) text.Header("Route"u8, message.Route);
        text.Raw("From: "u8);
        WriteAccount(ref text, message.Sender, message.Domain);
        text.Raw(";tag="u8);
        text.Raw(message.SenderTag);
        text.Raw("\r\nTo: "u8);
        WriteAccount(ref text, message.Recipient, message.Domain);
        text.Raw("\r\nCall-ID: "u8);
        text.Raw(message.MessageId);
        text.Raw("."u8);
        text.Raw(message.SenderTag);
        text.Raw("@"u8);
        text.Raw(message.Domain);
        text.Raw("\r\nCSeq: 1 MESSAGE\r\nDate: "u8);
        text.Date(message.AcceptTime);
        text.EndLine();
        text.Header("Expires"u8, message.ValidSeconds);
        text.Raw("X-Edge-Message-Id: "u8);
        text.Raw(message.MessageId);
        text.EndLine();
        text.Header("Content-Type"u8, message.ContentType.IsEmpty ? "text/plain; charset=utf-8"u8 : message.ContentType);
        text.Header("Content-Length"u8, message.Body.Length);
        text.EndLine();
        text.Raw(message.Body);
        return text.Length;
    }

    /// <summary>The key under which the response to this request is awaited.</summary>
    public static TransactionKey Key(in OutboundMessage message)
    {
        Span<byte> branch = stackalloc byte[SipVia.MagicCookie.Length + BranchDigits];
        Span<byte> callId = stackalloc byte[512];
        SipText branchText = new(branch), callIdText = new(callId);
        branchText.Raw(SipVia.MagicCookie);
        branchText.Raw(message.BranchDigits);
        callIdText.Raw(message.MessageId);
        callIdText.Raw("."u8);
        callIdText.Raw(message.SenderTag);
        callIdText.Raw("@"u8);
        callIdText.Raw(message.Domain);
        return TransactionKey.OfClient(branch[..branchText.Length], callId[..callIdText.Length], 1, "MESSAGE"u8);
    }

    private static bool IsUser(ReadOnlySpan<byte> user) => user.Length is > 0 and <= 64 && !user.ContainsAnyExcept(UserBytes);

    private static void WriteAccount(ref SipText text, ReadOnlySpan<byte> user, ReadOnlySpan<byte> domain)
    {
        text.Raw("<sip:"u8);
        text.Raw(user);
        text.Raw("@"u8);
        text.Raw(domain);
        text.Raw(">"u8);
    }
}
