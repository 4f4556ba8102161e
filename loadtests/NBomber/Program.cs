// The kit's scenarios under NBomber: dotnet run --project loadtests/NBomber -c Release -p:WithNBomber=true -- SCENARIO [options of loadtests/load run]
// NBomber's own reports stand in artifacts/nbomber; the kit's ledger and the scenario's thresholds decide the exit code together with NBomber's step statistics.
using Load;
using Load.Commands;
using Load.NBomber;
using Load.Run;
using Load.Scenarios;
using Load.Sessions;

try
{
    RunOptions options = AdapterOptions.Parse(args);
    Scenario scenario = Overrides.Apply(ScenarioFile.Load(options.Scenario), options);
    ScenarioChecks.Require(scenario);
    AdapterChecks.Require(scenario);
    LoadTarget target = await TargetResolver.ResolveAsync(options);
    if (!await TargetResolver.AnswersAsync(target.Sip))
    {
        await Console.Error.WriteLineAsync($"nobody listens at {target.Sip} (--sip)");
        return ExitCodes.Unreachable;
    }

    await using LoadSession session = new(scenario, target, new AccountNames(scenario.Users, options.Accounts));
    await session.ComeOnlineAsync(0, session.Online, scenario.Caps.Time);
    bool failed = NBomberRun.Run(session, scenario, options.Output.Length > 0 ? options.Output : Path.Combine("artifacts", "nbomber", scenario.Name));
    return AdapterVerdict.CodeOf(scenario, await session.DrainAsync(), failed);
}
catch (Exception fault) when (fault is ScenarioException or TimeoutException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return fault is TimeoutException ? ExitCodes.Unreachable : ExitCodes.Usage;
}
