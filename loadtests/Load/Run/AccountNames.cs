using System.Globalization;
using System.Text;
using Load.Scenarios;

namespace Load.Run;

/// <summary>Names and passwords of the users: by the scenario's patterns, or from a file with a line <c>user,password</c> for each.</summary>
internal sealed class AccountNames
{
    private readonly UserPlan _plan;
    private readonly (byte[] Name, byte[] Password)[]? _accounts;

    /// <param name="file">Null: the patterns.</param>
    /// <exception cref="ScenarioException">The file cannot be used.</exception>
    public AccountNames(UserPlan plan, string? file)
    {
        _plan = plan;
        if (file is null) return;
        if (!File.Exists(file)) throw new ScenarioException($"--accounts: there is no file {file}.");
        _accounts = [.. File.ReadLines(file).Where(static line => line.Length > 0).Skip(plan.First).Take(plan.Count).Select(Read)];
        if (_accounts.Length < plan.Count) throw new ScenarioException($"--accounts: {file} holds {_accounts.Length:N0} accounts from number {plan.First:N0} on, {plan.Count:N0} are needed.");
    }

    public byte[] NameOf(int index) => _accounts is null ? Encoding.UTF8.GetBytes(Name(_plan, index)) : _accounts[index].Name;

    public string TextOf(int index) => Encoding.UTF8.GetString(NameOf(index));

    /// <summary>Made anew each time: 15,000 users need it once a connection.</summary>
    public byte[] PasswordOf(int index) => _accounts is null ? Encoding.UTF8.GetBytes(Password(_plan, index)) : _accounts[index].Password;

    /// <summary>By the patterns.</summary>
    public static string Name(UserPlan plan, int index) => plan.Name.Replace("{n}", (plan.First + index).ToString("D7", CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <inheritdoc cref="Name"/>
    public static string Password(UserPlan plan, int index) => plan.Password.Replace("{user}", Name(plan, index), StringComparison.Ordinal);

    /// <summary>What makes them.</summary>
    public static string Hint(UserPlan plan) => string.Create(CultureInfo.InvariantCulture, $"loadtests/load accounts {plan.Count}{(plan.First == 0 ? string.Empty : $" --first-user {plan.First}")} makes them.");

    private static (byte[], byte[]) Read(string line)
    {
        int comma = line.IndexOf(',', StringComparison.Ordinal);
        if (comma < 1) throw new ScenarioException("--accounts: each line is user,password");
        return (Encoding.UTF8.GetBytes(line[..comma]), Encoding.UTF8.GetBytes(line[(comma + 1)..]));
    }
}
