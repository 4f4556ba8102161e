namespace Dev.Host.Clients;

/// <summary>Commands to copy and paste for a first message.</summary>
internal static class FirstMessage
{
    public static void Print(RunOptions options, IReadOnlyList<(string User, string Password)> accounts)
    {
        (string sender, string password) = accounts[0];
        (string recipient, _) = accounts[1];
        Guid id = Guid.CreateVersion7();
        string call = $"curl --cacert {Shown(options.In("tls", "ca.pem"))} --user {sender}:{password}";
        string address = $"https://localhost:{options.ApiPort}/v1/messages";
        Console.WriteLine($$"""

            Demo accounts (kept in {{Shown(options.In("demo-accounts.csv"))}}):
            {{string.Join('\n', accounts.Select(account => $"  {account.User}@{options.Domain}  password {account.Password}"))}}

            A first message, from {{sender}} to {{recipient}}. A new message needs a new messageId; the same one again is the same message.
              {{call}} -H 'Content-Type: application/json' -d '{"messageId": "{{id}}", "recipient": "{{recipient}}", "text": "Hello {{recipient}}"}' {{address}}

            {{recipient}} comes online and is shown what waited (quit leaves):
              mkdir -p ~/.local/share/linphone && linphonec -c {{Shown(options.In("linphone", $"{recipient}.rc"))}}

            What became of it:
              {{call}} {{address}}/{{id}}

            """);
    }

    /// <summary>Relative to the current folder if it lies below it: shorter to read.</summary>
    private static string Shown(string path)
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}
