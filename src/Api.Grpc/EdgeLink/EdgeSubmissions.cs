using System.Globalization;
using Api.Grpc.Diagnostics;
using Api.Grpc.Messages;
using Api.Grpc.Translation;
using Core.Store.Content;
using Core.Store.Presence;
using Edge.Link.V1;

namespace Api.Grpc.EdgeLink;

/// <summary>Messages that registered clients hand over by SIP: the same path in as a POST.</summary>
internal sealed class EdgeSubmissions(MessageIntake intake, EdgeRegistrations registrations, SubmissionId ids, CoreMetrics metrics)
{
    private static readonly Refused NotRegistered = new(Reason.NotRegistered, "Register again, then repeat the request.");

    public async Task<CoreEvent> SubmitAsync(EdgeStream stream, Submit submit)
    {
        FlowId flow = new(stream.EdgeId, stream.Epoch, submit.Flow);
        if (await registrations.TicketHolderAsync(EdgeEvent.EventOneofCase.Submit, submit.User, submit.Ticket, flow).ConfigureAwait(false) is not { } sender)
            return new CoreEvent { Submitted = Refuse(submit, string.Empty, NotRegistered) };
        Guid id = ids.Of(sender, submit.ClientKey);
        Intake end = await intake.AcceptAsync(WayIn.Sip, sender, id, submit.Recipient, submit.Text.Memory, LinkMapping.ToReceipts(submit.ReceiptRequest)).ConfigureAwait(false);
        string messageId = id.ToString("D");
        return new CoreEvent { Submitted = end.Refused is { } refused ? Refuse(submit, messageId, refused) : new Submitted { Request = submit.Request, MessageId = messageId } };
    }

    /// <summary>The answer to a refused submission; counts it.</summary>
    public Submitted Refuse(Submit submit, string messageId, Refused refused)
    {
        metrics.Refused(WayIn.Sip, refused.Reason);
        return new Submitted
        {
            Request = submit.Request,
            MessageId = messageId,
            Refusal = StatusMapping.ToLink(refused.Reason),
            RetryAfterSeconds = (uint)refused.RetryAfterSeconds,
            Detail = refused.Counts is { } counts ? Say(refused.Message, counts) : refused.Message,
        };
    }

    /// <summary>The four counts of S2, for the SIP Warning: by HTTPS and gRPC they stand in the details.</summary>
    private static string Say(string message, in TextCounts counts) => string.Create(
        CultureInfo.InvariantCulture, $"{message} graphemes={counts.Graphemes} codePoints={counts.CodePoints} utf16Units={counts.Utf16Units} bytes={counts.Bytes}");
}
