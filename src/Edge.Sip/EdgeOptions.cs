namespace Edge.Sip;

/// <summary>Who this edge is. Section <c>Edge</c>.</summary>
internal sealed class EdgeOptions
{
    /// <summary>The name the cores know it by; must be the common name of its link certificate. <c>[a-z0-9-]</c>, 1 to 63.</summary>
    public string Id { get; set; } = string.Empty;
}
