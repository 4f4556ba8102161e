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
            .WithReportFormats(ReportFormat.Html, ReportFormat.Txt, ReportFormat.Csv, ReportFormat.Md)
            .Run();
        // By steps: what a scenario's totals count changed with 6.6.
        return stats.ScenarioStats.SelectMany(static one => one.StepStats).Any(static step => step.Fail.Request.Count > 0);
    }

    private static ScenarioProps Create(SessionStream stream, PhasePlan phases) => global::NBomber.CSharp.Scenario
        .Create(stream.Plan.Name, context => stream.Plan.Via == Way.Refresh ? RefreshAsync(context, stream) : SendAsync(context, stream))
        .WithoutWarmUp()   // the phases have one of their own
        .WithLoadSimulations([.. SimulationPlan.For(stream.Plan, phases).Select(Simulate)]);

    private static async Task<IResponse> SendAsync(IScenarioContext context, SessionStream stream)
    {
        SentMessage message = await stream.SendAsync();
        Response<object> accepted = await Step.Run("accept", context, () => JudgeAsync(message.Accepted));
        if (accepted.IsError || !stream.AwaitsDelivery) return accepted;
        return await Step.Run("deliver", context, () => JudgeAsync(message.Delivered));
    }

    private static async Task<IResponse> RefreshAsync(IScenarioContext context, SessionStream stream) =>
        await Step.Run("refresh", context, () => JudgeAsync(stream.RefreshAsync()));

    /// <summary>Null is good; anything else is a reason from a closed set, which NBomber groups failures by.</summary>
    private static async Task<Response<object>> JudgeAsync(Task<string?> outcome) =>
        await outcome is { } reason ? Response.Fail<object>(statusCode: reason, message: reason) : Response.Ok<object>(statusCode: "ok");

    private static LoadSimulation Simulate(SimulationPlan plan) => plan.Kind switch
    {
        SimulationKind.Rate => Simulation.Inject(plan.Amount, TimeSpan.FromSeconds(1), plan.During),
        SimulationKind.RampingRate => Simulation.RampingInject(plan.Amount, TimeSpan.FromSeconds(1), plan.During),
        SimulationKind.RampingCopies => Simulation.RampingConstant(plan.Amount, plan.During),
        _ => Simulation.KeepConstant(plan.Amount, plan.During),
    };
}
