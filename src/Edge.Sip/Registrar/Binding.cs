using Edge.Sip.CoreLink;
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

    /// <summary>Whether a REGISTER went to the core whose effect is not known.</summary>
    public bool MayBeBound { get; set; }

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

    /// <summary>Whether a client's REGISTER is behind it: so until a core has confirmed the refresh, whatever snapshots go out meanwhile.</summary>
    public bool RefreshByClient { get; set; }

    /// <summary>The link that has not answered the last refresh; null if none is under way.</summary>
    public ICoreLink? RefreshOn { get; set; }

    /// <summary>An unregistration of before may take effect after the registration under way: it is confirmed again a little later.</summary>
    public bool MayBeUndone { get; set; }

    public RegisteredContact Contact { get; set; } = RegisteredContact.None;

    /// <summary>Whether its digest came straight from the client: one Via, no Path. A proxy's other users share the connection, so it proves nothing of later requests.</summary>
    public bool IsDirect { get; set; }

    /// <summary>Whether a request may be answered without asking for a new digest (spec, Registration).</summary>
    public bool IsTrusted(long nowMs) => TrustedSeconds(nowMs) > 0;

    /// <summary>For how long that will be so; 0: it is not.</summary>
    public long TrustedSeconds(long nowMs) => IsBound && !MustChallenge ? Math.Max(0, (TicketExpiresMs - nowMs) / 1_000) : 0;

    /// <summary>The core refuses its ticket: a new password, or the account is gone. It ends now, and only a new digest binds it again.</summary>
    public void Revoke(long nowMs)
    {
        MustChallenge = true;
        ExpiresMs = Math.Min(ExpiresMs, nowMs);
    }

    /// <summary>Seconds left, rounded up, at least 1.</summary>
    public uint SecondsLeft(long nowMs) => (uint)Math.Max(1, (ExpiresMs - nowMs + 999) / 1_000);
}
