using Load.Scenarios;

namespace Load.Commands;

/// <summary>Puts what flags say in the place of what the scenario file says.</summary>
internal static class Overrides
{
    /// <exception cref="ScenarioException">A flag cannot be used.</exception>
    public static Scenario Apply(Scenario scenario, RunOptions options)
    {
        Scenario result = scenario;
        if (options.Users is { } users) result = result with { Users = result.Users with { Count = users } };
        if (options.FirstUser is { } first) result = result with { Users = result.Users with { First = first } };
        if (options.Seed is { } seed) result = result with { Seed = seed };
        if (options.Measure is { } measure)
        {
            if (!Durations.TryParse(measure, out TimeSpan length)) throw new ScenarioException($"--measure: {measure} is no length of time; write 250ms, 10s, 5m or 1h.");
            TimeSpan rest = result.Phases.Ramp + result.Phases.WarmUp + result.Phases.CoolDown;
            result = result with { Phases = result.Phases with { Measure = length }, Caps = result.Caps with { Time = Longer(result.Caps.Time, length + rest) } };
        }

        if (options.MostRequests is { } most) result = result with { Caps = result.Caps with { Requests = most } };
        if (options.Scale is { } scale)
        {
            if (scale is <= 0 or > 1_000) throw new ScenarioException("--scale: more than 0, up to 1000.");
            result = result with { Traffic = [.. result.Traffic.Select(traffic => traffic with { Rate = traffic.Rate * scale, Window = traffic.Window == 0 ? 0 : Math.Max(1, (int)(traffic.Window * scale)) })] };
        }

        if (options.Thresholds.Count > 0) result = result with { Thresholds = [.. result.Thresholds.Concat(options.Thresholds)] };
        return result;
    }

    /// <summary>Who asks for a longer time by a flag has seen the cap.</summary>
    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
