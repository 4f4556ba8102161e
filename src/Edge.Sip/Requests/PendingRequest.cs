using Edge.Sip.CoreLink;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;

namespace Edge.Sip.Requests;

/// <summary>A client's request that waits for the core.</summary>
internal abstract class PendingRequest : PendingAnswer
{
    public required SipSession Session { get; init; }

    public required TransactionKey Transaction { get; init; }

    /// <summary>The headers its answer repeats.</summary>
    public required byte[] Lines { get; init; }

    /// <summary>Of the account it is from.</summary>
    public required Binding Binding { get; init; }

    /// <summary>The core that was asked.</summary>
    public required ICoreLink Link { get; init; }
}
