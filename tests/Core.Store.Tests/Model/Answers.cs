using System.Text;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Model;

/// <summary>Answers as text: what both sides say is compared by it.</summary>
internal static class Answers
{
    public static string Of(Acceptance acceptance) =>
        $"{acceptance.Outcome} {acceptance.Status} {(acceptance.Push is { } push ? $"push to {push.Flow}: {Of(push.Message)}" : string.Empty)}";

    public static string Of(MailboxPage? page) =>
        page is null ? "none" : $"after {page.After} upto {page.Upto} more {page.More} [{string.Join("; ", page.Messages.Select(Of))}]";

    public static string Of(StatusPage page) => $"upto {page.Upto} reset {page.Reset} more {page.More} [{string.Join("; ", page.Changes)}]";

    public static string Of(int core, FlowId flow, MailboxPage page) => $"core {core} pushes to {flow}: {Of(page)}";

    private static string Of(QueuedMessage message) =>
        $"{message.Key.Sender.User}->{message.Key.Recipient.User} {message.Key.MessageId} '{Encoding.UTF8.GetString(message.Text.Span)}' {message.Receipt} "
        + $"sequence {message.Sequence} previous {message.Previous} attempt {message.Attempt} retry {message.Retry} {message.AcceptTime:O} to {message.ExpireTime:O}";
}
