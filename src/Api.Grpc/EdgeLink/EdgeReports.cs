using Api.Grpc.Diagnostics;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Microsoft.Extensions.Options;

namespace Api.Grpc.EdgeLink;

/// <summary>How deliveries ended: written down if the report carries the token of its delivery, ignored otherwise.</summary>
/// <remarks>Every report is confirmed, so that the edge may forget it; all of it is idempotent.</remarks>
internal sealed class EdgeReports(
    IMessageStore store, DeliveryToken tokens, CoreMetrics metrics, TimeProvider time, IOptions<CoreStoreOptions> options, ILogger<EdgeReports> logger)
{
    private readonly string _domain = options.Value.Domain.ToLowerInvariant();

    public async Task<CoreEvent> ReportAsync(EdgeStream stream, DeliveryReport report)
    {
        FlowId flow = new(stream.EdgeId, stream.Epoch, report.Flow);
        if (TryName(report, out MessageKey message) && tokens.Verify(report.Token.Span, message, flow, out MessageTimes? untold))
        {
            await WriteDownAsync(report, message, flow, untold).ConfigureAwait(false);
        }
        else
        {
            metrics.ReportIgnored();
            CoreLog.ReportIgnored(logger, stream.EdgeId);
        }

        return new CoreEvent { Reported = new Reported { Number = report.Number } };
    }

    private Task WriteDownAsync(DeliveryReport report, MessageKey message, FlowId flow, MessageTimes? untold) => report.Outcome switch
    {
        DeliveryOutcome.AcceptedByDevice => store.EndAsync(message, MessageState.Delivered, Status(report), Attempt(report), untold),
        DeliveryOutcome.RefusedByDevice => store.EndAsync(message, MessageState.InvalidDevice, Status(report), Attempt(report)),
        DeliveryOutcome.ExpiredAtEdge => ExpiredAsync(report, message, flow),
        DeliveryOutcome.Failed => store.FailAsync(message, flow, Attempt(report), Status(report)),
        _ => Task.CompletedTask,   // of a later protocol: nothing is known
    };

    /// <summary>An edge's clock alone ends nothing: before its time by the core's own clock a message is never dropped (promise P5).</summary>
    private async Task ExpiredAsync(DeliveryReport report, MessageKey message, FlowId flow)
    {
        MessageStatus? status = await store.FindAsync(message.Sender, message.MessageId).ConfigureAwait(false);
        if (status is not null && status.ExpireTime > time.GetUtcNow()) await store.FailAsync(message, flow, Attempt(report)).ConfigureAwait(false);
        else await store.EndAsync(message, MessageState.Expired).ConfigureAwait(false);
    }

    private bool TryName(DeliveryReport report, out MessageKey message)
    {
        message = default;
        if (!Guid.TryParseExact(report.MessageId, "D", out Guid id)) return false;
        if (!AccountAddress.TryCreate(report.Sender, _domain, out AccountAddress sender) || !AccountAddress.TryCreate(report.User, _domain, out AccountAddress recipient)) return false;
        message = new MessageKey(sender, id, recipient);
        return true;
    }

    private static int Status(DeliveryReport report) => report.SipStatus is >= 100 and <= 699 ? (int)report.SipStatus : 0;

    private static int Attempt(DeliveryReport report) => (int)Math.Min(report.Attempt, int.MaxValue);
}
