namespace Interop.SipSorcery;

/// <summary>What <c>./run</c> has started, with its demo accounts; other places by environment variables.</summary>
internal sealed record Deployment
{
    private readonly Dictionary<string, string> _passwords;

    public Deployment()
    {
        string folder = Environment.GetEnvironmentVariable("EDGE_RUN_FOLDER") is { Length: > 0 } given ? given : Path.Combine(Root(), ".run");
        AuthorityFile = Path.Combine(folder, "tls", "ca.pem");
        string accounts = Path.Combine(folder, "demo-accounts.csv");
        if (!File.Exists(accounts)) throw new InvalidOperationException($"{accounts} is missing: start ./run first, or name its data folder in EDGE_RUN_FOLDER.");
        _passwords = File.ReadLines(accounts).Select(static line => line.Split(',', 2)).ToDictionary(static parts => parts[0], static parts => parts[1]);
    }

    public string AuthorityFile { get; }

    public string Domain { get; } = Environment.GetEnvironmentVariable("EDGE_DOMAIN") ?? "example.test";

    public int SipPort { get; } = int.TryParse(Environment.GetEnvironmentVariable("EDGE_SIP_PORT"), out int port) ? port : 5061;

    public string PasswordOf(string user) => _passwords[user];

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Edge.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside the repository.");
    }
}
