using System.CommandLine;
using System.CommandLine.Parsing;

namespace Dev.Host;

/// <summary>The <c>run</c> command: options in, a running system out.</summary>
/// <remarks>Others script against these names and defaults: they only ever grow.</remarks>
internal static class RunCommand
{
    public static Command Create()
    {
        Option<string?> redis = new("--redis")
        {
            Description = "HOST:PORT or a StackExchange.Redis connection string; default: an embedded store, in memory only",
            HelpName = "HOST:PORT",
        };
        Option<string> domain = new("--domain") { Description = "The domain served", HelpName = "NAME", DefaultValueFactory = _ => "example.test" };
        Option<string?> accounts = new("--accounts") { Description = "Accounts to import: a line each, user,password", HelpName = "FILE.csv" };
        Option<string?> limits = new("--limits") { Description = "Limits in JSON; may be edited while everything runs", HelpName = "FILE" };
        Option<string> data = new("--data") { Description = "The data folder", HelpName = "DIR", DefaultValueFactory = _ => ".run" };
        Option<int> sip = Port("--sip-port", 5061, "SIP over TLS; further edges take the next ones");
        Option<int> api = Port("--api-port", 8443, "The public API: HTTPS and gRPC");
        Option<int> admin = Port("--admin-port", 9443, "The admin API");
        Option<int> link = Port("--link-port", 9444, "The link between edges and core");
        Option<int> metrics = Port("--metrics-port", 9464, "Metrics and health of the core; the edges take the next ones");
        Option<int> edges = new("--edges") { Description = "How many edges", HelpName = "N", DefaultValueFactory = _ => 1 };
        edges.Validators.Add(result => Check(result, edges, 1, 64));
        Option<bool> noDemo = new("--no-demo") { Description = "Makes no demo accounts" };
        Option<bool> volatileRedis = new("--allow-volatile-redis") { Description = "With --redis: accepts one without AOF or with an eviction policy, which may lose messages" };
        Option<string> core = new("--core-assembly") { Description = "Api.Grpc.dll", Required = true, Hidden = true };
        Option<string> edge = new("--edge-binary") { Description = "The published edge", Required = true, Hidden = true };

        Command command = new("run", "Runs everything on loopback until Ctrl-C.")
        {
            redis, domain, accounts, limits, data, sip, api, admin, link, metrics, edges, noDemo, volatileRedis, core, edge,
        };
        command.SetAction((result, _) => RunSession.RunAsync(new RunOptions
        {
            Redis = result.GetValue(redis),
            Domain = result.GetRequiredValue(domain).ToLowerInvariant(),
            AccountsFile = result.GetValue(accounts) is { } file ? Path.GetFullPath(file) : null,
            LimitsFile = result.GetValue(limits) is { } numbers ? Path.GetFullPath(numbers) : null,
            DataFolder = Path.GetFullPath(result.GetRequiredValue(data)),
            SipPort = result.GetValue(sip),
            ApiPort = result.GetValue(api),
            AdminPort = result.GetValue(admin),
            LinkPort = result.GetValue(link),
            MetricsPort = result.GetValue(metrics),
            Edges = result.GetValue(edges),
            Demo = !result.GetValue(noDemo),
            AllowVolatileRedis = result.GetValue(volatileRedis),
            CoreAssembly = Path.GetFullPath(result.GetRequiredValue(core)),
            EdgeBinary = Path.GetFullPath(result.GetRequiredValue(edge)),
        }));
        return command;
    }

    private static Option<int> Port(string name, int preset, string description)
    {
        Option<int> option = new(name) { Description = description, HelpName = "PORT", DefaultValueFactory = _ => preset };
        option.Validators.Add(result => Check(result, option, 1, 65_535));
        return option;
    }

    private static void Check(OptionResult result, Option<int> option, int least, int most)
    {
        if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out int value) && value >= least && value <= most))
        {
            result.AddError($"{option.Name} needs a number from {least} to {most}.");
        }
    }
}
