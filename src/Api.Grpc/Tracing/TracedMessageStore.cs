using System.Diagnostics;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;

namespace Api.Grpc.Tracing;

/// <summary>The store with a span for each step of a message: accepted, handed out in a page, ended, failed.</summary>
internal sealed class TracedMessageStore(IMessageStore inner, MessageTraces traces) : IMessageStore
{
    public async Task<Acceptance> AcceptAsync(NewMessage message)
    {
        RequestStart.Started? request = RequestStart.Now;
        Activity? step = traces.Begin("message accept", ActivityKind.Server, message.Sender, message.MessageId, request?.Time ?? default);
        if (request is not null) request.Message = step;   // ends with the answer
        try
        {
            using Activity? part = step is null ? null : traces.Begin("store accept");
            Acceptance acceptance = await inner.AcceptAsync(message).ConfigureAwait(false);
            step?.SetTag("edge.outcome", acceptance.Outcome.ToString());
            return acceptance;
        }
        catch (StoreUnavailableException)
        {
            step?.SetStatus(ActivityStatusCode.Error, "store unavailable");
            throw;
        }
        finally
        {
            if (request is null) step?.Dispose();
        }
    }

    public async Task<MessageStatus?> EndAsync(MessageKey message, MessageState state, int sipStatus = 0, int attempt = 0, MessageTimes? untold = null)
    {
        using Activity? step = traces.Begin("message end", ActivityKind.Consumer, message.Sender, message.MessageId);
        step?.SetTag("edge.state", state.ToString()).SetTag("edge.sip_status", sipStatus).SetTag("edge.attempt", attempt);
        return await inner.EndAsync(message, state, sipStatus, attempt, untold).ConfigureAwait(false);
    }

    public async Task FailAsync(MessageKey message, FlowId flow, int attempt, int sipStatus = 0)
    {
        using Activity? step = traces.Begin("message try failed", ActivityKind.Consumer, message.Sender, message.MessageId);
        step?.SetTag("edge.sip_status", sipStatus).SetTag("edge.attempt", attempt).SetTag("edge.id", flow.EdgeId);
        await inner.FailAsync(message, flow, attempt, sipStatus).ConfigureAwait(false);
    }

    public async Task<MailboxPage?> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries, ClientSession? client = null) =>
        Handed(binding.Flow, await inner.RegisterAsync(account, binding, after, forgetTries, client).ConfigureAwait(false));

    public async Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after) => Handed(flow, await inner.ReadPageAsync(account, flow, after).ConfigureAwait(false))!;

    public Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId) => inner.FindAsync(sender, messageId);

    public Task<Acceptance?> FindRepeatedAsync(NewMessage message) => inner.FindRepeatedAsync(message);

    public Task UnregisterAsync(AccountAddress account, FlowId flow, SessionEnd? how = null) => inner.UnregisterAsync(account, flow, how);

    private MailboxPage? Handed(FlowId flow, MailboxPage? page)
    {
        foreach (QueuedMessage message in page?.Messages ?? []) traces.Begin("message hand out", ActivityKind.Producer, message.Key.Sender, message.Key.MessageId)?.SetTag("edge.id", flow.EdgeId).SetTag("edge.attempt", message.Attempt).Dispose();
        return page;
    }
}
