using System.Text.RegularExpressions;
using Testing.Shared;

namespace Core.Store.Tests;

/// <summary>docs/security.md promises what tests show: each test that it names exists.</summary>
public sealed partial class SecurityDocumentTests
{
    [Fact]
    public async Task Document_TestsItNames_Exist()
    {
        string document = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "security.md"), TestContext.Current.CancellationToken);
        Dictionary<string, string> sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .GroupBy(path => Path.GetFileNameWithoutExtension(path)).ToDictionary(same => same.Key, same => string.Concat(same.Select(File.ReadAllText)));

        MatchCollection named = Names().Matches(document);
        Assert.True(named.Count > 30, "the pattern finds them");
        Assert.Empty(named.Where(name => !sources.GetValueOrDefault(name.Groups[1].Value, string.Empty).Contains($" {name.Groups[2].Value}(", StringComparison.Ordinal)).Select(name => name.Value));
    }

    [GeneratedRegex("`([A-Za-z0-9]+Tests)\\.([A-Za-z0-9_]+)`")]
    private static partial Regex Names();
}
