using System.Text.Json;
using System.Text.RegularExpressions;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Dashboard and alert rules name nothing that the parts do not show: a series renamed is an alert that never comes.</summary>
public sealed partial class DeployTests(JourneySystem system)
{
    private static readonly string[] NotOurs = ["up"];
    private static readonly string[] LabelsOfPrometheus = ["job", "instance"];

    [Fact]
    [Spec("B1")]
    public async Task DashboardAndRules_EachSeriesAndLabel_InAScrape()
    {
        await TrafficAsync();
        List<string> scraped = [.. (await system.MetricsAsync(system.EdgeMetricsPort)).Split('\n'), .. (await system.MetricsAsync(system.CoreMetricsPort)).Split('\n')];
        string[] expressions = [.. Dashboard(), .. Rules()];
        Assert.True(expressions.Length > 40, $"only {expressions.Length} expressions were found");
        List<string> lacking = [];
        int selectors = 0;
        foreach (string expression in expressions)
        {
            foreach (Match selector in Selector().Matches(Grouping().Replace(expression, " ")))
            {
                string name = selector.Groups["name"].Value;
                if (NotOurs.Contains(name)) continue;
                selectors++;
                string[] lines = [.. scraped.Where(line => line.StartsWith(name + '{', StringComparison.Ordinal) || line.StartsWith(name + ' ', StringComparison.Ordinal))];
                Match[] labels = [.. Label().Matches(selector.Groups["labels"].Value).Where(static label => !LabelsOfPrometheus.Contains(label.Groups["name"].Value))];
                Regex[] all = [.. labels.Where(static label => label.Groups["is"].Value == "=").Select(static label => Shown(label.Groups["name"].Value, Regex.Escape(label.Groups["value"].Value)))];
                // of =~ each alternative: one that is never shown is as wrong as a name
                Regex[] each = [.. labels.Where(static label => label.Groups["is"].Value == "=~").SelectMany(static label => label.Groups["value"].Value.Split('|').Select(one => Shown(label.Groups["name"].Value, one)))];
                if (!Array.Exists(lines, line => all.All(label => label.IsMatch(line))) || !each.All(label => Array.Exists(lines, label.IsMatch))) lacking.Add(selector.Value);
            }
        }

        Assert.True(selectors > 50, $"only {selectors} series were found in the expressions");
        Assert.True(lacking.Count == 0, $"not in a scrape: {string.Join(", ", lacking.Distinct())}");
    }

    /// <summary>The labels that panels and rules group by are labels of their series.</summary>
    [Fact]
    public async Task DashboardAndRules_LabelsGroupedBy_AreThoseOfTheSeries()
    {
        await TrafficAsync();
        string page = await system.MetricsAsync(system.EdgeMetricsPort) + await system.MetricsAsync(system.CoreMetricsPort);
        List<string> lacking = [];
        foreach (string expression in (string[])[.. Dashboard(), .. Rules()])
        {
            string[] names = [.. Selector().Matches(Grouping().Replace(expression, " ")).Select(static selector => selector.Groups["name"].Value)];
            string[] lines = [.. page.Split('\n').Where(line => Array.Exists(names, name => line.StartsWith(name + '{', StringComparison.Ordinal)))];
            foreach (string label in Grouping().Matches(expression).SelectMany(static grouping => grouping.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
            {
                if (!LabelsOfPrometheus.Contains(label) && !Array.Exists(lines, Shown(label, "[^\"]*").IsMatch)) lacking.Add($"{label} in {expression}");
            }
        }

        Assert.True(lacking.Count == 0, $"not in a scrape: {string.Join(", ", lacking)}");
    }

    /// <summary>A label in a line of a scrape.</summary>
    private static Regex Shown(string label, string value) => new($"[{{,]{label}=\"{value}\"", RegexOptions.None, TimeSpan.FromSeconds(1));

    private async Task TrafficAsync()
    {
        Account alice = await system.NewAccountAsync("alice"), bob = await system.NewAccountAsync("bob");
        await using SipClient phone = await system.RegisteredAsync(bob), sender = await system.RegisteredAsync(alice);
        Assert.Equal(202, (await sender.SendAsync(bob.User, "hi")).Status);
        Assert.Equal(400, (await sender.SendAsync(bob.User, string.Empty)).Status);
        await phone.ReceiveAsync(1);
        Guid id = Guid.NewGuid();
        await system.Api(alice).SendAsync(id, bob.User, "hi");
        await system.Api(alice).UntilStateAsync(id, "DELIVERED", TimeSpan.FromSeconds(15));
    }

    private static IEnumerable<string> Dashboard()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "deploy/grafana/edge.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(static panel => panel.GetProperty("targets").EnumerateArray()).Select(static target => target.GetProperty("expr").GetString()!)];
    }

    private static IEnumerable<string> Rules() =>
        File.ReadLines(Path.Combine(Repository.Root, "deploy/prometheus/edge-rules.yml")).Where(static line => line.TrimStart().StartsWith("expr: ", StringComparison.Ordinal)).Select(static line => line[(line.IndexOf("expr: ", StringComparison.Ordinal) + 6)..]);

    [GeneratedRegex(@"\b(by|without)\s*\((?<labels>[^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![\w""$])(?<name>up|(edge|dotnet|process)_\w+)(\{(?<labels>[^}]*)\})?(?![\w(])")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(?<name>\w+)\s*(?<is>=~|!~|!=|=)\s*""(?<value>[^""]*)""")]
    private static partial Regex Label();
}
