using Api.Grpc.Diagnostics;
using Api.Grpc.Messages;
using Api.Grpc.Translation;
using Core.Store.Presence;
using Edge.Link.V1;

namespace Api.Grpc.EdgeLink;

/// <summary>Messages that registered clients hand over by SIP: the same path in as a POST.</summary>
internal sealed class EdgeSubmissions(MessageIntake intake, EdgeRegistrations registrations, SubmissionId ids, CoreMetrics metrics)
{
    private static readonly Refused NotRegistered = new(Reason.NotRegistered, "Register again, then repeat the request.");

    public async Task<CoreEvent> SubmitAsync(EdgeStream stream, Submit submit)
    {
        if (submit.ClientKey.Length == 0) throw new InvalidDataException("A submission without a key cannot be told from others.");
        FlowId flow = new(stream.EdgeId, stream.Epoch, submit.Flow);
        if (await registrations.HoldsTicketAsync(submit.User, submit.Ticket, flow).ConfigureAwait(false) is not { } sender)
            return Answer(submit, string.Empty, NotRegistered);
        Guid id = ids.Of(sender, submit.ClientKey);
        Intake end = await intake.AcceptAsync(WayIn.Sip, sender, id, submit.Recipient, submit.Text.Memory, LinkMapping.ToReceipts(submit.ReceiptRequest)).ConfigureAwait(false);
        return Answer(submit, id.ToString("D"), end.Refused);
    }

    /// <summary>The answer to a refused submission.</summary>
    public static Submitted Refuse(Submit submit, string messageId, Refused refused) => new()
    {
        Request = submit.Request,
        MessageId = messageId,
        Refusal = StatusMapping.ToLink(refused.Reason),
        RetryAfterSeconds = (uint)refused.RetryAfterSeconds,
        Detail = refused.Message,
    };

    private CoreEvent Answer(Submit submit, string messageId, Refused? refused)
    {
        if (refused is null) return new CoreEvent { Submitted = new Submitted { Request = submit.Request, MessageId = messageId } };
        metrics.Refused(WayIn.Sip, refused.Reason);
        return new CoreEvent { Submitted = Refuse(submit, messageId, refused) };
    }
}
