using Edge.Link.V1;
using Edge.Sip.Requests;

namespace Edge.Sip.Registrar;

/// <summary>A REGISTER that waits for the core.</summary>
internal sealed class PendingRegister(RegisterHandler handler) : PendingRequest
{
    public required RegisterIntent Intent { get; init; }

    public required RegisteredContact Contact { get; init; }

    /// <summary>Whether it came straight from the client.</summary>
    public required bool IsDirect { get; init; }

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
