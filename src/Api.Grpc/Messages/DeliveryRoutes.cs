using Api.Grpc.EdgeLink;
using Api.Grpc.Streams;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Api.Grpc.Messages;

/// <summary>The ways out: down the link to an edge; a receiving stream, here or at another core, is woken and reads for itself.</summary>
internal sealed class DeliveryRoutes(EdgeDirectory edges, ReceiveFlows streams, IWakeups wakeups) : IDeliveryPort
{
    /// <summary>A stream of another core is not reached: that core is asked to look, or is gone and its streams with it.</summary>
    public bool Reaches(FlowId flow) => StreamFlows.IsStream(flow) ? streams.Holds(flow) : edges.Reaches(flow);

    /// <summary>Of an edge's flows only the edge knows, and says so itself.</summary>
    public bool HasEnded(FlowId flow) => streams.HasEnded(flow);

    /// <summary>A stream looks every 4 seconds whether its credentials are still good (<see cref="ClientStreams"/>).</summary>
    public bool Revoke(FlowId flow, AccountAddress? account) => StreamFlows.IsStream(flow) || edges.Revoke(flow, account);

    public void Push(FlowId flow, AccountAddress recipient, MailboxPage page)
    {
        if (StreamFlows.IsStream(flow)) Wake(flow, recipient);
        else edges.Push(flow, recipient, page);
    }

    public void Push(DirectedMessage directed)
    {
        if (StreamFlows.IsStream(directed.Flow)) Wake(directed.Flow, directed.Message.Key.Recipient);
        else edges.Push(directed);
    }

    private void Wake(FlowId flow, AccountAddress recipient)
    {
        if (!streams.TryWake(flow)) wakeups.Wake(recipient);
    }
}
