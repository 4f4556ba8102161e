namespace Core.Store.Content;

/// <summary>How long a text may be (spec S2); part of <see cref="Limits.LimitSet"/>, served to clients by GetLimits.</summary>
public sealed record TextLimits
{
    /// <summary>Most extended grapheme clusters. Default 160: the vendor's "160 characters".</summary>
    public int MaxCharacters { get; init; } = 160;

    /// <summary>Most bytes of UTF-8. Default 4,096: 160 of the longest common emoji sequences; 600 is "vendor mode".</summary>
    public int MaxTextBytes { get; init; } = 4_096;
}
