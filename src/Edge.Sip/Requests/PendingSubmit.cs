using Edge.Link.V1;

namespace Edge.Sip.Requests;

/// <summary>A client's MESSAGE that waits for the core.</summary>
internal sealed class PendingSubmit(MessageHandler handler) : PendingRequest
{
    public override void Answered(Submitted answer) => handler.Complete(this, answer);

    public override void Failed() => handler.Complete(this, null);
}
