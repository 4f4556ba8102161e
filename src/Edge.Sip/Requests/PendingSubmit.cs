using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;

namespace Edge.Sip.Requests;

/// <summary>A client's MESSAGE that waits for the core.</summary>
internal sealed class PendingSubmit(MessageHandler handler) : PendingAnswer
{
    public required SipSession Session { get; init; }

    public required TransactionKey Transaction { get; init; }

    /// <summary>The headers its answer repeats.</summary>
    public required byte[] Lines { get; init; }

    /// <summary>The sender's.</summary>
    public required Binding Binding { get; init; }

    public required ICoreLink Link { get; init; }

    public override void Answered(Submitted answer) => handler.Complete(this, answer);

    public override void Failed() => handler.Complete(this, null);
}
