namespace Core.Store.Mailboxes;

/// <summary>A message on its way into a mailbox, with its names.</summary>
/// <param name="Accepted">To the millisecond, as Redis will hold it.</param>
/// <param name="Flags">Whether its sender is to be told.</param>
/// <param name="Claim">The ledger entry for it.</param>
internal sealed record AcceptedTry(NewMessage Message, AccountName Sender, AccountName Recipient, byte[] Name, DateTimeOffset Accepted, MemberFlags Flags, byte[] Claim);
