using System.Text.Json;
using Load.Commands;
using Load.Scenarios;
using Testing.Shared;

namespace Load.Tests.Scenarios;

/// <summary>Scenario files: those that come with the kit, and what is said of bad ones.</summary>
public sealed class ScenarioFileTests
{
    public static TheoryData<string> Names => [.. ScenarioFile.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Own_EachOfThem_IsSoundAndBounded(string name)
    {
        Scenario scenario = ScenarioFile.Load(name);
        Assert.Equal(name, scenario.Name);
        Assert.NotEmpty(scenario.Description);
        Assert.Contains(scenario.Thresholds, threshold => threshold.StartsWith("errors", StringComparison.Ordinal));   // none passes while the service refuses
        Assert.Empty(ScenarioChecks.Faults(scenario));
        Assert.InRange(scenario.Caps.Time, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(30));
    }

    [Theory]
    [InlineData("idle", "storm-cold", "storm-resumed", "online-sip", "online-post", "online-grpc", "offline-drain", "mixed", "pairs", "hot", "slow-readers", "half-dead", "reconnect-storm", "day")]
    public void Own_WhatTestersAskFor_IsThere(params string[] names) => Assert.Subset(ScenarioFile.Names.ToHashSet(), names.ToHashSet());

    /// <summary>The schema that editors read says what the reader takes: the same keys everywhere.</summary>
    [Fact]
    public void Schema_Keys_AreThoseOfTheReader()
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "loadtests/scenarios/scenario.schema.json")));
        Scenario full = new() { Name = "x", Traffic = [new TrafficPlan { Name = "x" }], Events = [new EventPlan { Kind = EventKind.Away }] };
        JsonElement written = JsonSerializer.SerializeToElement(full, ScenarioFile.Json);
        Compare(schema.RootElement, written, "scenario");

        static void Compare(JsonElement schema, JsonElement written, string where)
        {
            JsonElement properties = schema.GetProperty("properties");
            Assert.False(schema.GetProperty("additionalProperties").GetBoolean(), where);
            Assert.Equal(
                written.EnumerateObject().Select(p => p.Name).Order(),
                properties.EnumerateObject().Select(p => p.Name).Where(n => n != "$schema").Order());
            foreach (JsonProperty property in written.EnumerateObject())
            {
                JsonElement inner = properties.GetProperty(property.Name);
                Assert.True(inner.TryGetProperty("description", out _), $"{where}.{property.Name} is not described");
                if (property.Value.ValueKind == JsonValueKind.Object) Compare(inner, property.Value, property.Name);
                else if (property.Value.ValueKind == JsonValueKind.Array && property.Value.GetArrayLength() > 0) Compare(inner.GetProperty("items"), property.Value[0], property.Name);
            }
        }
    }

    [Theory]
    [InlineData("""{"name": "x", "trafic": []}""", "trafic")]
    [InlineData("""{"name": "x", "phases": {"measure": 30}}""", "length of time")]
    [InlineData("""{"name": "x", "phases": {"measure": "30 parsecs"}}""", "length of time")]
    [InlineData("""{"description": "no name"}""", "name")]
    [InlineData("""{"name": "x", "traffic": [{"name": "t", "via": "pigeon", "rate": 1}]}""", "Way")]
    [InlineData("""{"name": "x",""", "cannot be read")]
    public void Parse_ABadFile_SaysWhatIsWrong(string json, string said) => Assert.Contains(said, Assert.Throws<ScenarioException>(() => ScenarioFile.Parse(json, "x.json")).Message);

    [Theory]
    [InlineData("""{"name": "x", "users": {"count": 20000}}""", "users.count")]
    [InlineData("""{"name": "x", "users": {"count": 5000}, "http": {"connectionPerSender": true}}""", "4,000")]
    [InlineData("""{"name": "x", "traffic": [{"name": "t", "rate": 1, "window": 1}]}""", "either rate")]
    [InlineData("""{"name": "x", "traffic": [{"name": "t"}]}""", "either rate")]
    [InlineData("""{"name": "x", "traffic": [{"name": "t", "rate": 1, "to": "offline"}]}""", "offline")]
    [InlineData("""{"name": "x", "traffic": [{"name": "t", "rate": 1, "characters": 161}]}""", "characters")]
    [InlineData("""{"name": "x", "users": {"count": 10}, "traffic": [{"name": "t", "window": 6, "to": "partner"}]}""", "pairs")]
    [InlineData("""{"name": "x", "phases": {"measure": "20m"}}""", "caps.time")]
    [InlineData("""{"name": "x", "thresholds": ["deliver.p98 < 1s"]}""", "deliver.p98")]
    [InlineData("""{"name": "x", "thresholds": ["deliver.p99 < 200"]}""", "length of time")]
    [InlineData("""{"name": "x", "events": [{"kind": "slowRead"}]}""", "pause")]
    public void Checks_WhatCannotBeRun_IsRefusedWithItsReason(string json, string said)
    {
        Scenario scenario = ScenarioFile.Parse(json, "x.json");
        Assert.Contains(said, Assert.Throws<ScenarioException>(() => ScenarioChecks.Require(scenario)).Message);
    }

    [Fact]
    public void Overrides_Flags_ReplaceWhatTheFileSays()
    {
        RunOptions options = new() { Scenario = "mixed", Sip = "x", Api = "x", Domain = "x", RunFolder = "x", Output = "x", Users = 300, FirstUser = 7, Seed = 9, Measure = "20m", Scale = 0.5, MostRequests = 50, Thresholds = ["lost == 0"] };
        Scenario before = ScenarioFile.Load("mixed"), after = Overrides.Apply(before, options);
        Assert.Equal((300, 7, 9, TimeSpan.FromMinutes(20), 50), (after.Users.Count, after.Users.First, after.Seed, after.Phases.Measure, after.Caps.Requests));
        Assert.Equal(before.Traffic[0].Rate / 2, after.Traffic[0].Rate);
        Assert.Equal("lost == 0", after.Thresholds[^1]);
        Assert.Empty(ScenarioChecks.Faults(after));   // who asks for 20 minutes gets a cap that lets them be
        Assert.Throws<ScenarioException>(() => Overrides.Apply(before, options with { Measure = "soon" }));
        Assert.Throws<ScenarioException>(() => Overrides.Apply(before, options with { Scale = 0 }));
    }
}
