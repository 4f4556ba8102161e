namespace Api.Grpc.Translation;

/// <summary>Why a request was refused: the closed list of <c>google.rpc.ErrorInfo.reason</c>. docs/errors.md says what to do about each.</summary>
internal enum Reason
{
    /// <summary>Content type other than JSON, or a charset other than UTF-8.</summary>
    ContentType,

    /// <summary>Not JSON or protobuf, not UTF-8, a value of the wrong type.</summary>
    Malformed,

    /// <summary>A JSON key or a query parameter that the method does not know.</summary>
    UnknownKey,

    /// <summary>A JSON key or a query parameter given twice.</summary>
    RepeatedKey,

    /// <summary>The body is larger than allowed.</summary>
    BodyTooLarge,

    /// <summary>The message id is not a UUID, or the nil one.</summary>
    BadMessageId,

    /// <summary>Not exactly one account (spec S4).</summary>
    BadRecipient,

    /// <summary>Ill-formed UTF-8, NUL, empty or blank (spec S2).</summary>
    BadText,

    /// <summary>Too many characters or bytes (spec S2).</summary>
    TextTooLong,

    /// <summary>No or wrong credentials.</summary>
    BadCredentials,

    /// <summary>Too many failed logins of this account or from this address.</summary>
    TooManyFailures,

    /// <summary>No such account, or not a domain of this server.</summary>
    UnknownRecipient,

    /// <summary>The sender never used this id.</summary>
    UnknownMessage,

    /// <summary>The id was used for another text or recipient.</summary>
    IdReused,

    /// <summary>The recipient's queue is full, or the sender's share of it.</summary>
    QueueFull,

    /// <summary>The sender is over one of its rates.</summary>
    RateExceeded,

    /// <summary>The store does not answer.</summary>
    StoreUnavailable,

    /// <summary>The resume token is not one of the account's.</summary>
    BadToken,

    /// <summary>The account, or the core, has too many streams open.</summary>
    TooManyStreams,

    /// <summary>The core is stopping and ends its streams.</summary>
    CoreStopping,

    /// <summary>A SIP sender's registration is not valid any more.</summary>
    NotRegistered,

    /// <summary>Admin: user name or password outside the rules.</summary>
    BadAccount,

    /// <summary>Admin: there is an account of this name.</summary>
    AccountExists,

    /// <summary>Admin: there is no account of this name.</summary>
    UnknownAccount,

    /// <summary>Admin: page size or page token outside the rules.</summary>
    BadPage,

    /// <summary>Admin: more lines or bytes of CSV than one call may bring.</summary>
    ImportTooLarge,

    /// <summary>No such path or method at this listener.</summary>
    UnknownRoute,

    /// <summary>A fault of the server, in its log.</summary>
    Internal,
}
