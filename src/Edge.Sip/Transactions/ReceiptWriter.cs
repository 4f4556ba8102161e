using Edge.Link.V1;

namespace Edge.Sip.Transactions;

/// <summary>Writes the body of a receipt: a delivery notification (RFC 5438 §11), wrapped in CPIM where it was asked for by CPIM.</summary>
/// <remarks>It depends on the delivery alone, so it is equal on every attempt.</remarks>
internal static class ReceiptWriter
{
    /// <summary>Always enough: both forms with the longest names, and an id of which every byte has to be escaped.</summary>
    public const int MostBytes = 4_096;

    private const int MostIdBytes = 255;
    private const int MostXmlBytes = 3_072;

    /// <summary>The type of the body that <see cref="Write"/> writes.</summary>
    public static ReadOnlySpan<byte> ContentType(Receipt receipt) => receipt.ImdnMessageId.Length > 0 ? "message/cpim"u8 : "message/imdn+xml"u8;

    /// <param name="receipt">What became of which message.</param>
    /// <param name="from">User name of the account that message was for: the sender of this one.</param>
    /// <param name="to">User name of the account that sent it: the recipient of this one.</param>
    /// <param name="domain">Of both.</param>
    /// <param name="messageId">The id of the receipt itself.</param>
    /// <param name="buffer">Room for <see cref="MostBytes"/>.</param>
    /// <returns>Its bytes, or 0: an id is too long or holds what it may not.</returns>
    public static int Write(
        Receipt receipt, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, ReadOnlySpan<byte> domain, ReadOnlySpan<byte> messageId, Span<byte> buffer)
    {
        bool wrapped = receipt.ImdnMessageId.Length > 0;
        Span<byte> id = stackalloc byte[MostIdBytes];
        if (!System.Text.Encoding.UTF8.TryGetBytes(wrapped ? receipt.ImdnMessageId : receipt.MessageId, id, out int idBytes)) return 0;
        Span<byte> xml = stackalloc byte[wrapped ? MostXmlBytes : 0];
        SipText notification = new(wrapped ? xml : buffer);
        WriteNotification(ref notification, id[..idBytes], DateTimeOffset.FromUnixTimeMilliseconds(receipt.AcceptTimeMs), from, domain, receipt.Delivered);
        if (!wrapped || notification.Failed) return notification.Length;

        SipText text = new(buffer);
        text.Raw("From: "u8);
        WriteAccount(ref text, from, domain);
        text.Raw("\r\nTo: "u8);
        WriteAccount(ref text, to, domain);
        text.Raw("\r\nDateTime: "u8);
        text.Timestamp(DateTimeOffset.FromUnixTimeMilliseconds(receipt.EndTimeMs));
        text.Raw("\r\nNS: imdn <urn:ietf:params:imdn>\r\n"u8);
        text.Header("imdn.Message-ID"u8, messageId);
        text.Raw("\r\nContent-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n"u8);
        text.Header("Content-Length"u8, notification.Length);
        text.EndLine();
        text.Raw(xml[..notification.Length]);
        return text.Length;
    }

    private static void WriteNotification(
        scoped ref SipText text, ReadOnlySpan<byte> id, DateTimeOffset accepted, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> domain, bool delivered)
    {
        text.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\r\n<message-id>"u8);
        text.Xml(id);
        text.Raw("</message-id>\r\n<datetime>"u8);
        text.Timestamp(accepted);
        text.Raw("</datetime>\r\n<recipient-uri>sip:"u8);
        text.Xml(recipient);
        text.Raw("@"u8);
        text.Xml(domain);
        text.Raw("</recipient-uri>\r\n<delivery-notification><status>"u8);
        text.Raw(delivered ? "<delivered/>"u8 : "<failed/>"u8);
        text.Raw("</status></delivery-notification>\r\n</imdn>\r\n"u8);
    }

    private static void WriteAccount(scoped ref SipText text, ReadOnlySpan<byte> user, ReadOnlySpan<byte> domain)
    {
        text.Raw("<sip:"u8);
        text.Value(user);
        text.Raw("@"u8);
        text.Value(domain);
        text.Raw(">"u8);
    }
}
