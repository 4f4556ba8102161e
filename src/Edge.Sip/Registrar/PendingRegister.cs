using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;

namespace Edge.Sip.Registrar;

/// <summary>A REGISTER that waits for the core.</summary>
internal sealed class PendingRegister(RegisterHandler handler) : PendingAnswer
{
    public required SipSession Session { get; init; }

    public required TransactionKey Transaction { get; init; }

    /// <summary>The headers its answer repeats.</summary>
    public required byte[] Lines { get; init; }

    public required Binding Binding { get; init; }

    public required ICoreLink Link { get; init; }

    public required RegisterIntent Intent { get; init; }

    public required RegisteredContact Contact { get; init; }

    /// <summary>Seconds to grant.</summary>
    public required int Seconds { get; init; }

    public override void Answered(Registered answer) => handler.Complete(this, answer);

    public override void Failed() => handler.Complete(this, null);
}

/// <summary>What a REGISTER is for.</summary>
internal enum RegisterIntent
{
    /// <summary>No Contact: what is registered?</summary>
    Query,

    /// <summary>Bind, or bind for longer.</summary>
    Bind,

    /// <summary>End it.</summary>
    Unbind,
}
