namespace Core.Store.Content;

/// <summary>The four lengths of a text.</summary>
/// <param name="Graphemes">Extended grapheme clusters: what a user calls a character.</param>
/// <param name="CodePoints">Unicode scalar values.</param>
/// <param name="Utf16Units">What UTF-16 languages count.</param>
/// <param name="Bytes">UTF-8.</param>
public readonly record struct TextCounts(int Graphemes, int CodePoints, int Utf16Units, int Bytes);
