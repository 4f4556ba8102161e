namespace Core.Store.Mailboxes;

/// <summary>How Redis knows an account: 16 bytes of a keyed hash of its address, and the partition that holds it.</summary>
/// <param name="Handle">16 bytes.</param>
/// <param name="Partition">0 to 1,023.</param>
internal readonly record struct AccountName(byte[] Handle, int Partition);
