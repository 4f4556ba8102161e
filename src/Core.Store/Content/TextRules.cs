namespace Core.Store.Content;

/// <summary>The four lengths of a text.</summary>
/// <param name="Graphemes">Extended grapheme clusters: what a user calls a character.</param>
/// <param name="CodePoints">Unicode scalar values.</param>
/// <param name="Utf16Units">What UTF-16 languages count.</param>
/// <param name="Bytes">UTF-8.</param>
public readonly record struct TextCounts(int Graphemes, int CodePoints, int Utf16Units, int Bytes);

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
