using System.Net;
using Load.Measures;
using Load.Reports;
using Load.Run;
using Load.Scenarios;

namespace Load.Tests.Harness;

/// <summary>Short scenarios, and runs of them against a server of the test.</summary>
internal static class Scenes
{
    /// <summary>Whatever a busy machine does to the generator, its figures are taken: for tests that are not about speed.</summary>
    public static readonly HonestyPlan Patient = new() { LagP99 = TimeSpan.FromMinutes(1), LagMax = TimeSpan.FromMinutes(1) };

    public static Scenario Sip(double rate, int users, TimeSpan measure) => new()
    {
        Name = "test",
        Users = new UserPlan { Count = users },
        Traffic = [new TrafficPlan { Name = "sip", Rate = rate }],
        Phases = new PhasePlan { Ramp = TimeSpan.FromMilliseconds(200), WarmUp = TimeSpan.Zero, Measure = measure, CoolDown = TimeSpan.Zero, Drain = TimeSpan.FromSeconds(30) },
        Honesty = Patient,
    };

    public static LoadTarget Target(int port, TestCertificate certificate) => new()
    {
        Sip = new IPEndPoint(IPAddress.Loopback, port),
        Api = new Uri("https://localhost:1"),
        Domain = "example.test",
        ServerName = "example.test",
        AuthorityFile = certificate.AuthorityFile,
    };

    public static async Task<RunResult> RunAsync(Scenario scenario, LoadTarget target, Action<LoadRun>? meanwhile = null)
    {
        ScenarioChecks.Require(scenario);
        using LoadRun run = new(scenario, target, new AccountNames(scenario.Users, null));
        Task<RunMeasures> running = run.RunAsync();
        meanwhile?.Invoke(run);
        RunMeasures measures = await running;
        Assert.Null(run.Unreachable);
        PrometheusScrape nothing = PrometheusScrape.Parse(string.Empty);
        return ResultBuilder.Build(run, measures, nothing, nothing);
    }
}
