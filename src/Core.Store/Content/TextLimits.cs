namespace Core.Store.Content;

/// <summary>How long a text may be (spec S2, S5): one place, served to clients by GetLimits.</summary>
public sealed record TextLimits
{
    /// <summary>Most extended grapheme clusters. Default 160: the vendor's "160 characters".</summary>
    public int MaxCharacters { get; set; } = 160;

    /// <summary>Most bytes of UTF-8. Default 4,096: 160 of the longest common emoji sequences; 600 is "vendor mode".</summary>
    public int MaxTextBytes { get; set; } = 4_096;
}
