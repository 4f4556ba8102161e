using Core.Store.Presence;

namespace Core.Store.Operators;

/// <summary>Who has registered and over what: for operators alone, nothing is decided by it. Texts that are too long are cut.</summary>
/// <param name="Address">Of the peer: IP address and port.</param>
/// <param name="UserAgent">As the client calls itself; empty if it does not.</param>
/// <param name="TlsVersion">For example <c>TLSv1.3</c>.</param>
/// <param name="CipherSuite">IANA's name, for example <c>TLS_AES_256_GCM_SHA384</c>.</param>
/// <param name="Connected">When the connection was accepted.</param>
public sealed record ClientSession(string Address, string UserAgent, string TlsVersion, string CipherSuite, DateTimeOffset Connected)
{
    /// <summary>Hides the address.</summary>
    public override string ToString() => "a client's session";
}

/// <summary>How a registration came to an end.</summary>
/// <param name="ByClient">Whether the client asked for it; else its connection ended, or it was ended.</param>
/// <param name="Reason">Of a closed set, for example <c>peer_closed</c>; at most 32 characters.</param>
public sealed record SessionEnd(bool ByClient, string Reason);

/// <summary>What happened in a session (spec B4).</summary>
public enum SessionEventKind
{
    /// <summary>The connection was accepted. Told of connections on which the account has registered.</summary>
    Connect,

    /// <summary>A REGISTER with credentials was granted; a refresh on a trusted connection is none.</summary>
    Register,

    /// <summary>The client unregistered.</summary>
    Unregister,

    /// <summary>The connection, or the registration on it, ended otherwise.</summary>
    Disconnect,
}

/// <summary>A line of an account's session log.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Time">When, by the core's clock; the time of a <see cref="SessionEventKind.Connect"/> comes from the edge.</param>
/// <param name="Flow">Where.</param>
/// <param name="Client">Who; null if what it was told with is no longer in the log.</param>
/// <param name="Reason">Of an end; else empty.</param>
public sealed record SessionEvent(SessionEventKind Kind, DateTimeOffset Time, FlowId Flow, ClientSession? Client, string Reason);
