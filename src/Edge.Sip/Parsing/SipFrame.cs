namespace Edge.Sip.Parsing;

/// <summary>What the framer found at the front of the unread bytes.</summary>
internal enum SipFrameKind
{
    /// <summary>No whole message yet: drop <see cref="SipFrame.Consumed"/> bytes (blank lines), read more, ask again.</summary>
    NeedMore,

    /// <summary>A double CRLF: answer CRLF at once (RFC 5626 §3.5.1), then ask again.</summary>
    Ping,

    /// <summary>A whole message.</summary>
    Message,

    /// <summary>The stream cannot be framed any more: answer if possible, then close.</summary>
    Fault,
}

/// <summary>One step of the framer. Offsets count from the start of the unread bytes it was given.</summary>
internal readonly struct SipFrame
{
    public SipFrameKind Kind { get; init; }

    /// <summary>Drop this many bytes from the front before the next call.</summary>
    public int Consumed { get; init; }

    /// <summary>Where the message begins.</summary>
    public int Start { get; init; }

    /// <summary>Bytes of the head, blank line included. With a fault: the whole lines before it, for the answer; 0 if there is none.</summary>
    public int HeadBytes { get; init; }

    /// <summary>Bytes of the body.</summary>
    public int BodyBytes { get; init; }

    /// <summary>Why, with <see cref="SipFrameKind.Fault"/>.</summary>
    public SipFault Fault { get; init; }

    /// <summary>The head in the unread bytes.</summary>
    public ReadOnlySpan<byte> Head(ReadOnlySpan<byte> unread) => unread.Slice(Start, HeadBytes);

    /// <summary>The body in the unread bytes.</summary>
    public ReadOnlySpan<byte> Body(ReadOnlySpan<byte> unread) => unread.Slice(Start + HeadBytes, BodyBytes);
}
