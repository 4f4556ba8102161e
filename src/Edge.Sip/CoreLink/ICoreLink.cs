using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>The link to one core.</summary>
internal interface ICoreLink
{
    /// <summary>Whether the core has said Welcome and the stream stands.</summary>
    bool IsUp { get; }

    /// <summary>What the core said in its last Welcome; null before the first.</summary>
    LinkSettings? Settings { get; }

    /// <summary>The core's clock.</summary>
    CoreClock Clock { get; }

    /// <summary>Queues an event; never blocks. False if the link is down: the event is forgotten.</summary>
    bool Post(EdgeEvent happened);

    /// <summary>As <see cref="Post"/>, for what nobody waits for: leaves with whatever is posted next, or in <see cref="CoreStream.SoonTime"/>. The order stays.</summary>
    bool PostSoon(EdgeEvent happened);

    /// <summary>Queues a request. Its answer, or its failure (deadline, cut), is told to <paramref name="pending"/> exactly once, on another thread.</summary>
    /// <returns>False if the link is down or has too much to do: nothing will be told.</returns>
    bool Ask(EdgeEvent request, PendingAnswer pending);
}
