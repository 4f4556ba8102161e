using System.Security.Cryptography.X509Certificates;
using Load.FaultyServer;
using Load.Ledger;
using Load.Reports;
using Load.Scenarios;
using Load.Tests.Harness;

namespace Load.Tests.Run;

/// <summary>A server that does wrong what it is told to, to one message of a thousand: the ledger names exactly those.</summary>
public sealed class PlantedFaultTests : IDisposable
{
    private readonly TestCertificate _files = new();
    private readonly X509Certificate2 _certificate;

    public PlantedFaultTests() => _certificate = _files.Load();

    public void Dispose()
    {
        _certificate.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Run_AgainstAServerWithoutFaults_IsClean()
    {
        await using FaultyServer.FaultyServer server = new(new FaultPlan(), _certificate);
        RunResult result = await Scenes.RunAsync(Scenes.Sip(500, 60, TimeSpan.FromSeconds(2)), Scenes.Target(server.Port, _files));
        Assert.Equal((Verdict.PASSED, true), (result.Verdict, result.Ledger.Clean));
        Assert.InRange(result.Ledger.Messages, 500, 2_000);
        Assert.Equal((result.Ledger.Messages, result.Ledger.Messages, server.Messages), (result.Ledger.Accepted, result.Ledger.Delivered, result.Ledger.Messages));
        Assert.Empty(result.Errors);
    }

    [Theory]
    [InlineData(Fault.Drop)]
    [InlineData(Fault.RepeatUnderNewId)]
    [InlineData(Fault.Duplicate)]
    [InlineData(Fault.Swap)]
    [InlineData(Fault.Alter)]
    [InlineData(Fault.Misdeliver)]
    public async Task Ledger_OneOfAThousandIsWrong_NamesExactlyThose(Fault fault)
    {
        FindingKind kind = KindOf(fault);
        await using FaultyServer.FaultyServer server = new(new FaultPlan { Every = fault == Fault.Swap ? 50 : 1_000, Faults = [fault] }, _certificate);
        RunResult result = await Scenes.RunAsync(Scene(fault), Scenes.Target(server.Port, _files));

        Guid[] planted = [.. server.Planted.Select(one => one.Id).Order()];
        Finding[] found = [.. result.Ledger.Findings.Where(finding => finding.Kind == kind)];
        Assert.True(planted.Length >= 2, $"{planted.Length} were planted among {server.Messages}");
        Assert.Equal<IEnumerable<Guid>>(planted, found.Select(finding => finding.MessageId).Order());
        Assert.Equal((Verdict.FAILED, planted.Length), (result.Verdict, result.Ledger.Counts[kind]));
        Assert.Contains($"the ledger: {MetricTable.NameOf(kind)} {planted.Length}", result.Reasons);
        Assert.All(found, finding => Assert.Matches("^u[0-9]{7}$", finding.From));
        if (fault is Fault.RepeatUnderNewId) Assert.Equal(server.Planted.Select(one => one.Other).Order(), found.Select(finding => finding.OtherId).Order());
        // What goes to the wrong user is missing at the right one; every other kind of finding stays at nothing.
        FindingKind[] others = [.. Enum.GetValues<FindingKind>().Where(other => other != kind && !(fault == Fault.Misdeliver && other == FindingKind.Lost))];
        Assert.All(others, other => Assert.Equal(0, result.Ledger.Counts[other]));
    }

    [Fact]
    public async Task Ledger_DeliveredAfterItsValidity_NamesExactlyThose()
    {
        FaultPlan plan = new() { Every = 1_000, Faults = [Fault.Late], Validity = TimeSpan.FromSeconds(1) };
        await using FaultyServer.FaultyServer server = new(plan, _certificate);
        RunResult result = await Scenes.RunAsync(Scene(Fault.Late), Scenes.Target(server.Port, _files) with { Validity = plan.Validity });
        Guid[] planted = [.. server.Planted.Select(one => one.Id).Order()];
        Assert.True(planted.Length >= 2, $"{planted.Length} were planted among {server.Messages}");
        Assert.Equal<IEnumerable<Guid>>(planted, result.Ledger.Findings.Where(finding => finding.Kind == FindingKind.AfterExpiry).Select(finding => finding.MessageId).Order());
        // Meanwhile others overtook them, which is true of no message in time.
        Assert.Subset(planted.ToHashSet(), result.Ledger.Findings.Where(finding => finding.Kind == FindingKind.OutOfOrder).Select(finding => finding.MessageId).ToHashSet());
        Assert.Equal(0, result.Ledger.Counts[FindingKind.Lost]);
    }

    /// <summary>Who came for the drain comes once more: what was delivered and not deleted comes again, though nobody's answer was lost.</summary>
    [Fact]
    public async Task Ledger_DeliveredAndNotDeleted_NamesExactlyThose()
    {
        await using FaultyServer.FaultyServer server = new(new FaultPlan { Every = 20, Faults = [Fault.Keep] }, _certificate);
        Scenario scene = Scenes.Sip(200, 40, TimeSpan.FromSeconds(2));
        scene = scene with { Users = scene.Users with { Online = 0.5 }, Traffic = [scene.Traffic[0] with { To = Audience.Offline }] };
        RunResult result = await Scenes.RunAsync(scene, Scenes.Target(server.Port, _files));
        Guid[] planted = [.. server.Planted.Select(one => one.Id).Order()];
        Assert.True(planted.Length >= 5, $"{planted.Length} were planted among {server.Messages}");
        Assert.Equal<IEnumerable<Guid>>(planted, result.Ledger.Findings.Select(finding => finding.MessageId).Order());
        Assert.Equal((planted.Length, 0, 0.0), (result.Ledger.Counts[FindingKind.Duplicated], result.Ledger.Redelivered, result.Metrics["reconnects"]));
    }

    private static FindingKind KindOf(Fault fault) => fault switch
    {
        Fault.Drop => FindingKind.Lost,
        Fault.RepeatUnderNewId => FindingKind.StoredTwice,
        Fault.Duplicate => FindingKind.Duplicated,
        Fault.Swap => FindingKind.OutOfOrder,
        Fault.Late => FindingKind.AfterExpiry,
        Fault.Alter => FindingKind.Altered,
        _ => FindingKind.Misdelivered,
    };

    /// <summary>Many users where half a second has to lie between two messages of a recipient, as in one case of twelve; what is dropped is waited for in vain.</summary>
    private static Scenario Scene(Fault fault)
    {
        Scenario scene = Scenes.Sip(1_000, fault == Fault.Swap ? 200 : 60, TimeSpan.FromSeconds(4));
        return scene with { Phases = scene.Phases with { Drain = TimeSpan.FromSeconds(fault is Fault.Drop or Fault.Misdeliver ? 3 : 30), CoolDown = TimeSpan.FromSeconds(1.5) } };
    }
}
