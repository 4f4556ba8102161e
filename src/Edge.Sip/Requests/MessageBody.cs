using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Requests;

/// <summary>What a client's MESSAGE holds.</summary>
internal enum MessageBodyKind
{
    /// <summary>Nothing this server takes: 415.</summary>
    Unsupported,

    /// <summary>A text for the core.</summary>
    Text,

    /// <summary>A notification about a message (RFC 5438), which no sender is waiting for: senders are told by this server.</summary>
    Notification,

    /// <summary>A sign that someone is typing (RFC 3994), worth nothing later.</summary>
    Composing,
}

/// <summary>The body of a client's MESSAGE, out of its CPIM wrapper if it has one (spec S1, D.told, R.body).</summary>
internal readonly ref struct MessageBody
{
    public MessageBodyKind Kind { get; private init; }

    /// <summary>The text; it should be UTF-8, which the core checks.</summary>
    public ReadOnlySpan<byte> Text { get; private init; }

    /// <summary>The client's imdn.Message-ID; empty without one.</summary>
    public ReadOnlySpan<byte> ImdnMessageId { get; private init; }

    /// <summary>Whether a receipt is asked for once it is delivered.</summary>
    public bool WantsDelivered { get; private init; }

    /// <summary>Whether a receipt is asked for should it fail for good.</summary>
    public bool WantsFailed { get; private init; }

    /// <returns><see cref="SipFault.None"/>, also for a type that is not taken, or what is malformed.</returns>
    public static SipFault Read(in SipRequest request, out MessageBody body)
    {
        body = default;
        SipHeaders headers = request.Headers;
        if (!headers.Has(SipHeader.ContentType))
        {
            // RFC 3261 §20.15 asks for it with a body only; the core refuses an empty text.
            if (request.Body.IsEmpty) body = new MessageBody { Kind = MessageBodyKind.Text };
            return SipFault.None;
        }

        if (headers.Has(SipHeader.ContentEncoding) && !Ascii.EqualsIgnoreCase(headers.First(SipHeader.ContentEncoding), "identity"u8)) return SipFault.None;
        if (!SipMediaType.TryParse(headers.First(SipHeader.ContentType), out SipMediaType media)) return SipFault.BadContentType;
        if (!media.Is("message"u8, "cpim"u8))
        {
            body = new MessageBody { Kind = KindOf(media), Text = request.Body };
            return SipFault.None;
        }

        SipFault fault = CpimMessage.Parse(request.Body, out CpimMessage cpim);
        if (fault != SipFault.None || !cpim.IsSupported) return fault;
        if (!SipMediaType.TryParse(cpim.ContentType, out media)) return SipFault.BadContentType;
        body = new MessageBody
        {
            Kind = KindOf(media),
            Text = cpim.Content,
            ImdnMessageId = cpim.MessageId,
            WantsDelivered = cpim.WantsDelivered,
            WantsFailed = cpim.WantsFailed,
        };
        return SipFault.None;
    }

    /// <summary>Hides the text: it never reaches a log.</summary>
    public override string ToString() => Kind.ToString();

    private static MessageBodyKind KindOf(in SipMediaType media)
    {
        if (media.IsUtf8Text) return MessageBodyKind.Text;
        if (media.Is("message"u8, "imdn+xml"u8)) return MessageBodyKind.Notification;
        return media.Is("application"u8, "im-iscomposing+xml"u8) ? MessageBodyKind.Composing : MessageBodyKind.Unsupported;
    }
}
