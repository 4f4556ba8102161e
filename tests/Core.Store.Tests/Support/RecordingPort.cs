using System.Collections.Concurrent;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Support;

/// <summary>Stands for the link to the edges: keeps what was pushed, and when by the core's clock.</summary>
internal sealed class RecordingPort(TimeProvider time) : IDeliveryPort
{
    /// <summary>Whether this core has a stream to the edges.</summary>
    public bool IsConnected { get; set; } = true;

    /// <summary>Edges without a stream to this core although it has one to others.</summary>
    public HashSet<string> Unreached { get; } = [];

    /// <summary>Flows of this core's own that are over.</summary>
    public HashSet<FlowId> Ended { get; } = [];

    public ConcurrentQueue<(FlowId Flow, AccountAddress Recipient, MailboxPage Page, DateTimeOffset At)> Pushes { get; } = new();

    public IEnumerable<string> Texts => Pushes.SelectMany(p => p.Page.Messages).Select(m => System.Text.Encoding.UTF8.GetString(m.Text.Span));

    public bool Reaches(FlowId flow) => IsConnected && !Unreached.Contains(flow.EdgeId);

    public bool HasEnded(FlowId flow) => Ended.Contains(flow);

    /// <summary>What was ended, and whose; null for everybody on the flow.</summary>
    public ConcurrentQueue<(FlowId Flow, AccountAddress? Account)> Revoked { get; } = new();

    public bool Revoke(FlowId flow, AccountAddress? account)
    {
        if (!Reaches(flow)) return false;
        Revoked.Enqueue((flow, account));
        return true;
    }

    public void Push(FlowId flow, AccountAddress recipient, MailboxPage page) => Pushes.Enqueue((flow, recipient, page, time.GetUtcNow()));

    public void Push(DirectedMessage directed) =>
        Push(directed.Flow, directed.Message.Key.Recipient, new MailboxPage(0, directed.Message.Sequence, false, [directed.Message]));
}
