using Core.Store.Accounts;

namespace Api.Grpc.Accounts;

/// <summary>What a CSV file asks for: accounts to create or update, the first lines that were refused, and how many were.</summary>
internal sealed record AccountImport(IReadOnlyList<(AccountAddress Address, string Password)> Accounts, IReadOnlyList<(int Line, string Problem)> Faults, int Refused)
{
    /// <summary>More lines come in another call.</summary>
    public const int MostLines = 10_000;

    /// <summary>Faults that are told; the rest are counted.</summary>
    private const int MostFaults = 100;

    /// <summary>Reads <c>user,password</c> lines.</summary>
    /// <returns>Null if there are more than <see cref="MostLines"/>.</returns>
    public static AccountImport? Read(string csv, string domain)
    {
        List<(AccountAddress, string)> accounts = [];
        List<(int, string)> faults = [];
        HashSet<AccountAddress> seen = [];
        int lines = 0;
        int refused = 0;
        foreach (CsvLine line in CsvReader.Read(csv))
        {
            if (++lines > MostLines) return null;
            string? problem = Check(line, domain, seen, out AccountAddress address);
            if (problem is null) accounts.Add((address, line.Fields![1]));
            else if (++refused <= MostFaults) faults.Add((line.Number, problem));
        }

        return new AccountImport(accounts, faults, refused);
    }

    /// <returns>What is wrong, in words that never repeat the line.</returns>
    private static string? Check(CsvLine line, string domain, HashSet<AccountAddress> seen, out AccountAddress address)
    {
        address = default;
        if (line.Fields is not { } fields) return "A quote is open, or stands inside a field: quote the whole field and double the quotes in it.";
        if (fields.Count != 2) return "A line must be user,password: quote a password that holds a comma.";
        if (!AccountAddress.TryParse(fields[0], domain, out address) || address.Domain != domain)
            return "The user name must be 1 to 64 of A-Z a-z 0-9 . _ + - at the domain served.";
        if (!PasswordRules.Allow(fields[1])) return PasswordRules.Words;
        return seen.Add(address) ? null : "This user stands on an earlier line.";
    }
}
