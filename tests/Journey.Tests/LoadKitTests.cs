using System.Text.Json;
using Journey.Tests.Harness;
using Testing.Shared;

namespace Journey.Tests;

/// <summary>The load kit as testers have it, for a few seconds against the published edge and the core: every way in, users online and away.</summary>
public sealed class LoadKitTests(JourneySystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private const string Scenario = """
        {
          "name": "journey",
          "users": {"count": 24, "online": 0.75},
          "http": {"connections": 4},
          "traffic": [
            {"name": "sip", "via": "sip", "to": "online", "rate": 20},
            {"name": "post", "via": "post", "to": "online", "rate": 20, "script": "mixed"},
            {"name": "grpc", "via": "grpc", "to": "online", "rate": 20},
            {"name": "away", "via": "post", "to": "offline", "rate": 10},
            {"name": "refresh", "via": "refresh", "rate": 5}
          ],
          "phases": {"ramp": "500ms", "warmUp": "500ms", "measure": "4s", "coolDown": "500ms", "drain": "30s"},
          "honesty": {"lagP99": "1m", "lagMax": "1m"},
          "thresholds": ["errors == 0", "undelivered == 0", "drain.count > 0", "refresh.count > 0"]
        }
        """;

    /// <summary>Spec P2, P4: what each way in accepted arrives once, as sent, in order; what waited is drained, deleted and does not come again.</summary>
    [Fact]
    [Spec("P2", "P4")]
    public async Task LoadKit_EveryWayIn_ACleanLedger()
    {
        Journeys.Required(Journeys.LoadKit, "loadtests/load --build");
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("load", 24);
        string output = system.In("load");
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        await File.WriteAllLinesAsync(system.In("load.csv"), accounts.Select(static account => $"{account.User},{account.Password}"), cancelled);
        await File.WriteAllTextAsync(system.In("load.json"), Scenario, cancelled);
        await using ChildProcess kit = await ChildProcess.StartAsync(
            "kit",
            [
                "dotnet", Journeys.LoadKit, "run", system.In("load.json"), "--accounts", system.In("load.csv"), "--sip", $"127.0.0.1:{system.SipPort}", "--api", $"https://localhost:{system.ApiPort}",
                "--domain", JourneySystem.Domain, "--ca", system.AuthorityFile, "--metrics", $"http://127.0.0.1:{system.CoreMetricsPort}/metrics", "--process", $"edge={system.Edge.Id}", "--out", output, "--quiet",
            ],
            system.Folder);
        int code = await kit.ExitCodeAsync(Patience);
        Assert.True(code == 0, kit.Output);
        using JsonDocument result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(output, "result.json"), cancelled));
        JsonElement ledger = result.RootElement.GetProperty("ledger"), metrics = result.RootElement.GetProperty("metrics");
        Assert.True(ledger.GetProperty("clean").GetBoolean());
        Assert.Equal(ledger.GetProperty("messages").GetInt32(), ledger.GetProperty("delivered").GetInt32());
        Assert.All((string[])["accept.sip.count", "accept.post.count", "accept.grpc.count", "deliver.count", "server.memory"], name => Assert.True(metrics.GetProperty(name).GetDouble() > 0, name));
    }
}
