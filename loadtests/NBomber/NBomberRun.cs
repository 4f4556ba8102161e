using Load.Scenarios;
using Load.Sessions;
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using LoadScenario = Load.Scenarios.Scenario;

namespace Load.NBomber;

/// <summary>Registers the streams of a scenario with NBomber, and runs them. Everything that depends on NBomber's version stands here.</summary>
internal static class NBomberRun
{
    /// <returns>Whether a step failed.</returns>
    public static bool Run(LoadSession session, LoadScenario scenario, string folder)
    {
        ScenarioProps[] streams = [.. scenario.Traffic.Select(plan => Create(new SessionStream(session, scenario, plan), scenario.Phases))];
        NodeStats stats = NBomberRunner
            .RegisterScenarios(streams)
            .WithTestSuite("edge")
            .WithTestName(scenario.Name)
            .WithReportFolder(folder)
            .WithReportFormats(ReportFormat.Html)
            .Run();
        // By steps: what a scenario's totals count changed with 6.6.
        return stats.ScenarioStats.SelectMany(static one => one.StepStats).Any(static step => step.Fail.Request.Count > 0);
    }

    private static ScenarioProps Create(SessionStream stream, PhasePlan phases) => global::NBomber.CSharp.Scenario
        .Create(stream.Plan.Name, context => stream.Plan.Via == Way.Refresh ? RefreshAsync(context, stream) : SendAsync(context, stream))
        .WithoutWarmUp()   // the phases have one of their own
        .WithLoadSimulations([.. SimulationPlan.For(stream.Plan, phases).Select(Simulate)]);

    // What became of a message is asked of the message, not of the response: responses tell it by other names in other versions.
    private static async Task<IResponse> SendAsync(IScenarioContext context, SessionStream stream)
    {
        SentMessage message = await stream.SendAsync();
        await Step.Run("accept", context, async () => await message.Accepted is { } why ? Response.Fail(statusCode: why, message: why) : Response.Ok(statusCode: "ok"));
        string? reason = await message.Accepted;
        if (reason is null && stream.AwaitsDelivery)
        {
            await Step.Run("deliver", context, async () => await message.Delivered is { } why ? Response.Fail(statusCode: why, message: why) : Response.Ok(statusCode: "ok"));
            reason = await message.Delivered;
        }

        await stream.PauseAsync(reason is not null);
        return reason is null ? Response.Ok(statusCode: "ok") : Response.Fail(statusCode: reason, message: reason);
    }

    private static async Task<IResponse> RefreshAsync(IScenarioContext context, SessionStream stream)
    {
        Task<string?> refreshed = stream.RefreshAsync();
        await Step.Run("refresh", context, async () => await refreshed is { } why ? Response.Fail(statusCode: why, message: why) : Response.Ok(statusCode: "ok"));
        string? reason = await refreshed;
        await stream.PauseAsync(reason is not null);
        return reason is null ? Response.Ok(statusCode: "ok") : Response.Fail(statusCode: reason, message: reason);
    }

    private static LoadSimulation Simulate(SimulationPlan plan) => plan.Kind switch
    {
        SimulationKind.Rate => Simulation.Inject(plan.Amount, TimeSpan.FromSeconds(1), plan.During),
        SimulationKind.RampingRate => Simulation.RampingInject(plan.Amount, TimeSpan.FromSeconds(1), plan.During),
        SimulationKind.RampingCopies => Simulation.RampingConstant(plan.Amount, plan.During),
        _ => Simulation.KeepConstant(plan.Amount, plan.During),
    };
}
