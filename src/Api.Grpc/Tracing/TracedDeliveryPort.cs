using System.Diagnostics;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Api.Grpc.Tracing;

/// <summary>The ways out with a span for each message that is pushed.</summary>
internal sealed class TracedDeliveryPort(IDeliveryPort inner, MessageTraces traces) : IDeliveryPort
{
    public bool Reaches(FlowId flow) => inner.Reaches(flow);

    public bool HasEnded(FlowId flow) => inner.HasEnded(flow);

    public bool Revoke(FlowId flow, AccountAddress? account) => inner.Revoke(flow, account);

    public void Push(FlowId flow, AccountAddress recipient, MailboxPage page)
    {
        foreach (QueuedMessage message in page.Messages) Note(flow, message);
        inner.Push(flow, recipient, page);
    }

    public void Push(DirectedMessage directed)
    {
        Note(directed.Flow, directed.Message);
        inner.Push(directed);
    }

    private void Note(FlowId flow, QueuedMessage message) =>
        traces.Begin("message push", ActivityKind.Producer, message.Key.Sender, message.Key.MessageId)?.SetTag("edge.id", flow.EdgeId).SetTag("edge.attempt", message.Attempt).Dispose();
}
