using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Sip.Transport.Native;
using Load.Engine;
using Load.Measures;
using Load.Reports;
using Load.Run;
using Load.Scenarios;

namespace Load.Commands;

/// <summary>The <c>run</c> command: a scenario in, a report out.</summary>
internal static class RunCommand
{
    private static readonly Argument<string> ScenarioName = new("SCENARIO") { Description = $"One of {string.Join(", ", ScenarioFile.Names)}, or the path of a file" };
    private static readonly Option<string> Sip = new("--sip") { Description = "SIP over TLS", HelpName = "HOST:PORT", DefaultValueFactory = _ => "127.0.0.1:5061" };
    private static readonly Option<string> Api = new("--api") { Description = "The public API", HelpName = "URL", DefaultValueFactory = _ => "https://localhost:8443" };
    private static readonly Option<string> Domain = new("--domain") { Description = "The domain served, also the name in the SIP certificate", HelpName = "NAME", DefaultValueFactory = _ => "example.test" };
    private static readonly Option<string?> RunFolder = new("--run") { Description = "The data folder of ./run: its authority and process ids are used; default: .run, for a target on this machine", HelpName = "DIR" };
    private static readonly Option<string?> Authority = new("--ca") { Description = "Authority of the server's certificates, PEM; default: that of --run, else the system's", HelpName = "FILE" };
    private static readonly Option<string[]> Metrics = new("--metrics") { Description = "Prometheus endpoints of core and edges; default: those of ./run, for a target on this machine", HelpName = "URL", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string[]> Process = new("--process") { Description = "A process of the target on this machine; default: those of --run", HelpName = "NAME=PID", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string?> Restart = new("--restart") { Description = "What restarts the edges, for scenarios that do so; default: a signal to the edges of --run", HelpName = "COMMAND" };
    private static readonly Option<string?> Accounts = new("--accounts") { Description = "Accounts of the users, a line each: user,password; default: the scenario's patterns", HelpName = "FILE.csv" };
    private static readonly Option<string> Output = new("--out") { Description = "Folder of the report; default: artifacts/load/SCENARIO", HelpName = "DIR", DefaultValueFactory = _ => string.Empty };
    private static readonly Option<int?> Users = new("--users") { Description = "Number of users", HelpName = "N" };
    private static readonly Option<int?> FirstUser = new("--first-user") { Description = "Number of the first", HelpName = "N" };
    private static readonly Option<int?> Seed = new("--seed") { Description = "Seed of every choice at random", HelpName = "N" };
    private static readonly Option<string?> Measure = new("--measure") { Description = "Length of the measured time", HelpName = "TIME" };
    private static readonly Option<double?> Scale = new("--scale") { Description = "Multiplies every rate and window", HelpName = "FACTOR" };
    private static readonly Option<int?> MostRequests = new("--max-requests") { Description = "Cap of messages and refreshes", HelpName = "N" };
    private static readonly Option<string[]> Thresholds = new("--threshold") { Description = "One more threshold, such as \"deliver.p99 < 200ms\"", HelpName = "TEXT" };
    private static readonly Option<bool> AllowRemote = new("--allow-remote") { Description = "Allows a target that is not this machine" };
    private static readonly Option<bool> Quiet = new("--quiet") { Description = "No live table" };

    public static Command Create()
    {
        Command command = new("run", "Runs a scenario. Exit codes: 0 passed, 1 usage, 2 target not reachable, 3 invalid (the generator was late), 99 failed.")
        {
            ScenarioName, Sip, Api, Domain, RunFolder, Authority, Metrics, Process, Restart, Accounts,
            Output, Users, FirstUser, Seed, Measure, Scale, MostRequests, Thresholds, AllowRemote, Quiet,
        };
        command.SetAction(static (result, _) => RunAsync(Read(result)));
        return command;
    }

    /// <summary>What the user asked for.</summary>
    public static RunOptions Read(ParseResult result) => new()
    {
        Scenario = result.GetRequiredValue(ScenarioName),
        Sip = result.GetRequiredValue(Sip),
        Api = result.GetRequiredValue(Api),
        Domain = result.GetRequiredValue(Domain).ToLowerInvariant(),
        RunFolder = result.GetValue(RunFolder),
        AuthorityFile = result.GetValue(Authority),
        Metrics = result.GetResult(Metrics) is null ? null : result.GetValue(Metrics),
        Processes = result.GetValue(Process) ?? [],
        Restart = result.GetValue(Restart),
        Accounts = result.GetValue(Accounts),
        Output = result.GetRequiredValue(Output),
        Users = result.GetValue(Users),
        FirstUser = result.GetValue(FirstUser),
        Seed = result.GetValue(Seed),
        Measure = result.GetValue(Measure),
        Scale = result.GetValue(Scale),
        MostRequests = result.GetValue(MostRequests),
        Thresholds = result.GetValue(Thresholds) ?? [],
        AllowRemote = result.GetValue(AllowRemote),
        Quiet = result.GetValue(Quiet),
    };

    /// <returns>An exit code of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(RunOptions options)
    {
        try
        {
            if (!OpenSsl.IsAvailable()) throw new ScenarioException("The engine needs Linux with OpenSSL 3 (libssl.so.3).");
            Scenario scenario = Overrides.Apply(ScenarioFile.Load(options.Scenario), options);
            ScenarioChecks.Require(scenario);
            string folder = options.Output.Length > 0 ? options.Output : Path.Combine("artifacts", "load", scenario.Name);
            ReportFolder.Prepare(folder);
            AccountNames accounts = new(scenario.Users, options.Accounts);
            LoadTarget target = await TargetResolver.ResolveAsync(options);
            if (!await TargetResolver.AnswersAsync(target.Sip)) return Unreachable($"nobody listens at {target.Sip} (--sip)");
            Happenings.Require(scenario, target);
            TimeSpan? validity = await ValidityAsync(scenario, target, accounts);
            if (validity is null && scenario.Traffic.Any(static traffic => traffic.Via is Way.Post or Way.Grpc)) return Unreachable($"{target.Api} does not answer as the API does (--api, --ca, accounts)");
            return await RunAsync(options, folder, scenario, target with { Validity = validity ?? target.Validity }, accounts);
        }
        catch (Exception fault) when (fault is ScenarioException or System.Security.Cryptography.CryptographicException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitCodes.Usage;
        }
    }

    private static async Task<int> RunAsync(RunOptions options, string folder, Scenario scenario, LoadTarget target, AccountNames accounts)
    {
        using HttpClient scraper = new() { Timeout = TimeSpan.FromSeconds(5) };
        using LoadRun run = new(scenario, target, accounts);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, run));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, run));
        PrometheusScrape before = await PrometheusScrape.TakeAsync(scraper, target.Metrics, CancellationToken.None);
        Task<RunMeasures> running = run.RunAsync();
        await LiveTable.ShowAsync(run, running, options.Quiet);
        RunMeasures measures = await running;
        if (run.Unreachable is { } why) return Unreachable($"nobody is let in at {target.Sip}: {why}. Are these users' accounts there? {AccountNames.Hint(scenario.Users)}");
        RunResult result = ResultBuilder.Build(run, measures, before, await PrometheusScrape.TakeAsync(scraper, target.Metrics, CancellationToken.None));
        ReportFolder.Write(folder, result, measures.Counters.Latencies);
        Summary.Print(result, folder);
        return CodeOf(result.Verdict);
    }

    public static int CodeOf(Verdict verdict) => verdict switch
    {
        Verdict.PASSED => ExitCodes.Passed,
        Verdict.INVALID => ExitCodes.Invalid,
        _ => ExitCodes.Failed,
    };

    private static void Stop(PosixSignalContext signal, LoadRun run)
    {
        signal.Cancel = true;
        run.Stop();
    }

    private static int Unreachable(string why)
    {
        Console.Error.WriteLine(why);
        return ExitCodes.Unreachable;
    }

    private static async Task<TimeSpan?> ValidityAsync(Scenario scenario, LoadTarget target, AccountNames accounts)
    {
        using HttpPool pool = new(new HttpPlan { Connections = 1 }, target.Api, target.AuthorityFile);
        try
        {
            return await pool.ReadValidityAsync(Convert.ToBase64String([.. accounts.NameOf(0), (byte)':', .. accounts.PasswordOf(0)]));
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException or JsonException)
        {
            return null;
        }
    }
}
