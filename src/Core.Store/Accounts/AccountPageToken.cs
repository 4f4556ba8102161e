using System.Globalization;

namespace Core.Store.Accounts;

/// <summary>Where a list of accounts goes on: partition and HSCAN cursor.</summary>
internal readonly record struct AccountPageToken(int Partition, string Cursor)
{
    public static AccountPageToken First => new(0, "0");

    /// <exception cref="FormatException">Not one of ours.</exception>
    public static AccountPageToken Parse(string token)
    {
        if (token.Length == 0) return First;
        string[] parts = token.Split('-');
        if (parts.Length != 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
            || partition >= Mailboxes.StoreNames.Partitions
            || !ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new FormatException("not a page token");
        }

        return new AccountPageToken(partition, parts[1]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Partition}-{Cursor}");
}
