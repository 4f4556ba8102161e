using Edge.Sip.CoreLink;
using Edge.Sip.Registrar;

namespace Edge.Sip.Delivery;

/// <summary>A delivery the lane has taken: held, then in flight.</summary>
/// <param name="message">What the core said.</param>
/// <param name="origin">The core it came from.</param>
/// <param name="expiresMs">When it expires, on the edge's clock.</param>
internal sealed class HeldDelivery(LinkDelivery message, ICoreLink origin, long expiresMs)
{
    public LinkDelivery Message => message;

    public ICoreLink Origin => origin;

    public long ExpiresMs => expiresMs;

    /// <summary>Whose device it goes to; set when it is sent.</summary>
    public Binding? Binding { get; set; }
}
