namespace Core.Store.Content;

/// <summary>What is wrong with a text.</summary>
public enum TextFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Not UTF-8 (RFC 3629): overlong, surrogates, cut short.</summary>
    IllFormed,

    /// <summary>Holds a NUL.</summary>
    HoldsNul,

    /// <summary>Empty, or blanks only.</summary>
    Blank,

    /// <summary>More characters or bytes than allowed.</summary>
    TooLong,
}
