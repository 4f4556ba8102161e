using Edge.Sip.Delivery;
using Google.Protobuf;

namespace Edge.Sip.Registrar;

/// <summary>An account registered, or registering, on one connection. Used under the connection's gate.</summary>
internal sealed class Binding(string user, DeliveryLane lane)
{
    /// <summary>Its user name, canonical.</summary>
    public string User => user;

    /// <summary>The same in bytes, for comparing with what a client sends.</summary>
    public byte[] UserUtf8 { get; } = System.Text.Encoding.ASCII.GetBytes(user);

    public DeliveryLane Lane => lane;

    /// <summary>Whether the core has verified a digest and bound it. Before, it only keeps the place of its lane.</summary>
    public bool IsBound { get; set; }

    /// <summary>REGISTERs that wait for the core.</summary>
    public int Pending { get; set; }

    /// <summary>Whether the next REGISTER needs a new digest: the core refused the ticket.</summary>
    public bool MustChallenge { get; set; }

    /// <summary>Proof for renewals, submits and pages.</summary>
    public ByteString Ticket { get; set; } = ByteString.Empty;

    /// <summary>When the ticket ends, on the edge's clock.</summary>
    public long TicketExpiresMs { get; set; }

    /// <summary>When the registration ends, on the edge's clock.</summary>
    public long ExpiresMs { get; set; }

    /// <summary>When to send the refresh again that the store could not take; 0: it need not be.</summary>
    public long RefreshAgainMs { get; set; }

    /// <summary>Whether that refresh was a client's.</summary>
    public bool RefreshByClient { get; set; }

    public RegisteredContact Contact { get; set; } = RegisteredContact.None;

    /// <summary>Whether a refresh may be answered without asking for a new digest (spec, Registration).</summary>
    public bool IsTrusted(long nowMs) => IsBound && !MustChallenge && nowMs < TicketExpiresMs;

    /// <summary>Seconds left, rounded up, at least 1.</summary>
    public uint SecondsLeft(long nowMs) => (uint)Math.Max(1, (ExpiresMs - nowMs + 999) / 1_000);
}
