using Edge.Link.V1;
using Google.Protobuf;

namespace Edge.Sip.Requests;

/// <summary>A client's MESSAGE that waits for the core.</summary>
internal sealed class PendingSubmit(MessageHandler handler) : PendingRequest
{
    /// <summary>What it went out with: a refusal of it says nothing about a later registration.</summary>
    public required ByteString Ticket { get; init; }

    public override void Answered(Submitted answer) => handler.Complete(this, answer);

    public override void Failed() => handler.Complete(this, null);
}
