using Edge.Sip.CoreLink;
using Edge.Sip.Registrar;

namespace Edge.Sip.Delivery;

/// <summary>A delivery the lane has taken: held, then in flight.</summary>
/// <param name="message">What the core said.</param>
/// <param name="origin">The core it came from.</param>
internal sealed class HeldDelivery(LinkDelivery message, ICoreLink origin)
{
    public LinkDelivery Message => message;

    public ICoreLink Origin => origin;

    /// <summary>Whose device it goes to; set when it is sent.</summary>
    public Binding? Binding { get; set; }

    /// <summary>When it was written, on the edge's clock.</summary>
    public long SentMs { get; set; }

    /// <summary>Whether its time is over by the core's clock, as it is known now: what came over a stalled link seemed to have longer when it was taken.</summary>
    public bool HasExpired(long nowMs) => nowMs >= origin.Clock.ToEdge(message.ExpireTimeMs);
}
