using System.Security.Cryptography;

namespace Dev.Host.Accounts;

/// <summary>Two accounts for a first message. Their passwords are drawn once and kept in the data folder, mode 0600.</summary>
internal static class DemoAccounts
{
    private const int PasswordLength = 20;
    private const string PasswordLetters = "abcdefghijkmnpqrstuvwxyz23456789";   // none that are taken for another, none a shell or SIP would quote

    private static readonly string[] Names = ["alice", "bob"];

    /// <summary>Name and password of each, alice first.</summary>
    public static IReadOnlyList<(string User, string Password)> Open(RunOptions options)
    {
        string file = options.In("demo-accounts.csv");
        Dictionary<string, string> known = File.Exists(file)
            ? File.ReadLines(file).Select(line => line.Split(',', 2)).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal)
            : [];
        List<(string User, string Password)> accounts = [.. Names.Select(name =>
            (name, known.GetValueOrDefault(name) ?? RandomNumberGenerator.GetString(PasswordLetters, PasswordLength)))];
        PrivateFile.WriteSecret(file, Csv(accounts));
        return accounts;
    }

    /// <summary>As lines for an import.</summary>
    public static string Csv(IReadOnlyList<(string User, string Password)> accounts) =>
        string.Concat(accounts.Select(account => $"{account.User},{account.Password}\n"));
}
