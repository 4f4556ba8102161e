using Edge.Link.V1;
using Edge.Sip.CoreLink;

namespace Edge.Sip.Tests.Harness;

/// <summary>A link that remembers what was posted and says nothing.</summary>
internal sealed class NoLink : ICoreLink
{
    public List<EdgeEvent> Posted { get; } = [];

    public bool IsUp { get; set; } = true;

    public LinkSettings? Settings => null;

    public CoreClock Clock { get; } = new();

    public bool Post(EdgeEvent happened)
    {
        if (IsUp) Posted.Add(happened);
        return IsUp;
    }

    public bool PostSoon(EdgeEvent happened) => Post(happened);

    public bool Ask(EdgeEvent request, PendingAnswer pending) => false;
}
