using System.Diagnostics;
using System.Globalization;
using Core.Store.Tests.Support;
using CsCheck;
using Testing.Shared;
using Xunit.Sdk;

namespace Core.Store.Tests.Model;

/// <summary>Whatever two cores are asked, in any order, cut anywhere: the store answers, delivers, refuses and tells what a plain model of it does.</summary>
/// <remarks>tests/model runs more of it. A difference is reported with the case's seed and its steps, those left out that it does not need.</remarks>
[Spec("S14", "S16", "S17", "S27", "B2", "D.one-id", "D.order", "D.devices", "D.told", "D.expired", "D.accounts", "P2", "P3", "P4", "P5", "N.quotas")]
public abstract class ModelTests(ServerFixture fixture)
{
    /// <summary>Cases of a usual run.</summary>
    protected abstract int Cases { get; }

    [Fact]
    public async Task Store_AnyStepsFromTwoCores_AsTheModel()
    {
        await using ModelRun run = await ModelRun.StartAsync(fixture);
        ModelSettings settings = ModelSettings.FromEnvironment(Cases);
        Stopwatch watch = Stopwatch.StartNew();
        int cases = 0;
        foreach (string seed in settings.Seeds())
        {
            if (settings.IsOver(cases, watch.Elapsed)) break;
            PlannedStep[] plan = Plans.Case.Generate(PCG.Parse(seed), null, out _);
            if (Fault(run, plan) is { } fault) throw new XunitException(Report(run, seed, plan, fault), fault);
            cases++;
        }

        string ends = string.Join(", ", run.Ends.OrderBy(e => e.Key).Select(e => $"{e.Key} {e.Value}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{GetType().Name}: {cases} cases, {run.Steps} steps, {cases / watch.Elapsed.TotalMinutes:F0} cases a minute, seed {settings.Seed}; a core died {run.Deaths} times, waited {run.Waits} times; {ends}"));
    }

    private static Exception? Fault(ModelRun run, IReadOnlyList<PlannedStep> plan)
    {
        try
        {
            run.Run(plan);
            return null;
        }
#pragma warning disable CA1031 // whatever it is, it is what the case found
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return fault;
        }
    }

    /// <summary>Leaves out what the difference does not need: halves first, then single steps, then cuts.</summary>
    private static string Report(ModelRun run, string seed, PlannedStep[] plan, Exception fault)
    {
        List<PlannedStep> rest = [.. plan];
        for (int piece = rest.Count / 2; piece >= 1; piece /= 2)
        {
            for (int from = rest.Count - piece; from >= 0; from -= piece)
            {
                List<PlannedStep> without = [.. rest.Take(from), .. rest.Skip(from + piece)];
                if (Fault(run, without) is not { } same) continue;
                (rest, fault) = (without, same);
                from = Math.Min(from, rest.Count);
            }
        }

        for (int i = 0; i < rest.Count; i++)
        {
            List<PlannedStep> uncut = [.. rest];
            uncut[i] = uncut[i] with { CutAt = 0 };
            if (rest[i].CutAt != 0 && Fault(run, uncut) is { } same) (rest, fault) = (uncut, same);
        }

        return $"EDGE_MODEL_SEED={seed} makes this case again. Its {rest.Count} steps that matter:\n{string.Join('\n', rest)}\n{fault.Message}";
    }
}

/// <summary>How long to run, by the environment: EDGE_MODEL_CASES, EDGE_MODEL_MINUTES; EDGE_MODEL_SEED alone is one case.</summary>
/// <remarks>Without any of them a part of <c>./test</c>: on a busy machine fewer cases, not more time.</remarks>
internal sealed record ModelSettings(int Cases, TimeSpan Time, string Seed)
{
    public static ModelSettings FromEnvironment(int usual)
    {
        string? seed = Environment.GetEnvironmentVariable("EDGE_MODEL_SEED");
        if (string.IsNullOrEmpty(seed)) seed = null;
        bool isCounted = int.TryParse(Environment.GetEnvironmentVariable("EDGE_MODEL_CASES"), CultureInfo.InvariantCulture, out int cases);
        bool isTimed = double.TryParse(Environment.GetEnvironmentVariable("EDGE_MODEL_MINUTES"), CultureInfo.InvariantCulture, out double minutes);
        if (!isCounted) cases = isTimed ? int.MaxValue : seed is null ? usual : 1;
        TimeSpan time = isTimed ? TimeSpan.FromMinutes(minutes) : isCounted || seed is not null ? TimeSpan.MaxValue : TimeSpan.FromSeconds(20);
        return new ModelSettings(cases, time, seed ?? new PCG((uint)Random.Shared.Next()).ToString());
    }

    public bool IsOver(int cases, TimeSpan elapsed) => cases >= Cases || elapsed >= Time;

    /// <summary>The first seed, and those that follow from it.</summary>
    public IEnumerable<string> Seeds()
    {
        yield return Seed;
        PCG next = PCG.Parse(Seed);
        while (true)
        {
            next = new PCG(next.Next() >> 1, next.Next64());
            yield return next.ToString();
        }
    }
}

/// <inheritdoc/>
public sealed class ModelOnRedisTests(UnsyncedRedisFixture fixture) : ModelTests(fixture), IClassFixture<UnsyncedRedisFixture>
{
    protected override int Cases => 100;
}

/// <inheritdoc/>
public sealed class ModelOnGarnetTests(GarnetFixture fixture) : ModelTests(fixture), IClassFixture<GarnetFixture>
{
    protected override int Cases => 12;
}

/// <inheritdoc/>
public sealed class ModelOnClusterTests(ClusterFixture fixture) : ModelTests(fixture), IClassFixture<ClusterFixture>
{
    protected override int Cases => 30;
}
