using System.Globalization;
using Api.Grpc.Diagnostics;
using Api.Grpc.Rates;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Content;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Messages;

/// <summary>The one path of a message in, whatever way it came: checks it, has it stored, pushes it to the recipient's device at once.</summary>
internal sealed class MessageIntake(IMessageStore store, SendRates rates, IDeliveryPort port, CoreMetrics metrics, ILimits limits, IOptions<CoreStoreOptions> options)
{
    private readonly string _domain = options.Value.Domain.ToLowerInvariant();

    /// <summary>Nothing is stored for a refused message.</summary>
    /// <param name="way">For the metrics; a refusal is counted by who answers it.</param>
    /// <param name="sender">The authenticated account.</param>
    /// <param name="messageId">Made by the client, or derived from its SIP request.</param>
    /// <param name="recipient">As the client wrote it.</param>
    /// <param name="text">As the client sent it.</param>
    /// <param name="receipts">The receipts asked for; null for none.</param>
    public async Task<Intake> AcceptAsync(
        WayIn way, AccountAddress sender, Guid messageId, string recipient, ReadOnlyMemory<byte> text, ReceiptRequest? receipts)
    {
        if (!AccountAddress.TryParse(recipient, _domain, out AccountAddress address)) return Refuse(Reason.BadRecipient, "The recipient must be one account: user, user@domain or sip:user@domain.");
        TextLimits most = limits.Current.Text;
        TextFault fault = TextRules.Check(text.Span, most, out TextCounts counts);
        if (fault != TextFault.None) return new Intake(Refuse(fault, most, counts), null);
        NewMessage message = new(sender, messageId, address, text, receipts);
        Refused? tooFast = rates.Take(sender, address);
        if (tooFast is not null && !rates.TryTakeLookup(sender)) return new Intake(tooFast, null);
        if (address.Domain != _domain) return tooFast is null ? UnknownRecipient(sender) : new Intake(tooFast, null);
        try
        {
            if (tooFast is null) return Answer(way, sender, await store.AcceptAsync(message).ConfigureAwait(false));
            // One that was accepted gets its state, unless its sender is beyond the rate of such look-ups too: then it may ask again later.
            return await store.FindRepeatedAsync(message).ConfigureAwait(false) is { } known ? Answer(way, sender, known) : new Intake(tooFast, null);
        }
        catch (StoreUnavailableException)
        {
            return new Intake(Refused.Store, null);
        }
    }

    private Intake Answer(WayIn way, AccountAddress sender, Acceptance acceptance)
    {
        if (acceptance.Push is { } push) port.Push(push);
        switch (acceptance.Outcome)
        {
            case AcceptOutcome.Accepted:
                metrics.Accepted(way);
                return new Intake(null, acceptance.Status);
            case AcceptOutcome.Repeated:
                return new Intake(null, acceptance.Status);
            case AcceptOutcome.IdReused:
                return Refuse(Reason.IdReused, "This message id was used for another text or recipient: make a new one.");
            case AcceptOutcome.UnknownRecipient:
                return UnknownRecipient(sender);
            case AcceptOutcome.QueueFull:
                return new Intake(new Refused(Reason.QueueFull, "Too many messages wait for this recipient.", RetryAfter: Refused.QueuePause), null);
            default:
                throw new InvalidOperationException($"An outcome without an answer: {acceptance.Outcome}.");
        }
    }

    private static Refused Refuse(TextFault fault, TextLimits most, TextCounts counts) => fault switch
    {
        TextFault.IllFormed => new Refused(Reason.BadText, "The text is not UTF-8."),
        TextFault.HoldsNul => new Refused(Reason.BadText, "The text holds a NUL.", counts),
        TextFault.Blank => new Refused(Reason.BadText, "The text is empty or blank.", counts),
        TextFault.TooLong => new Refused(
            Reason.TextTooLong, string.Create(CultureInfo.InvariantCulture, $"The text is longer than {most.MaxCharacters} characters or {most.MaxTextBytes} bytes."), counts),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    private Intake UnknownRecipient(AccountAddress sender)
    {
        rates.WasUnknown(sender);
        return Refuse(Reason.UnknownRecipient, "This server has no such account.");
    }

    private static Intake Refuse(Reason reason, string message) => new(new Refused(reason, message), null);
}
