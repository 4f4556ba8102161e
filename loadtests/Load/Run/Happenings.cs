using System.Collections.Concurrent;
using System.Diagnostics;
using Load.Engine;
using Load.Scenarios;

namespace Load.Run;

/// <summary>What a scenario lets happen to users and to the target, at its times of the measured time.</summary>
internal sealed class Happenings(Scenario scenario, LoadTarget target, IReadOnlyList<VirtualUser> users, int online, UserAgents agents, OnlinePump pump, EventLoop loop, PhaseClock phases, Action<string> tell)
{
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Random _random = new(scenario.Seed + 1);

    /// <summary>The measured time has begun.</summary>
    public void Start()
    {
        foreach (EventPlan plan in scenario.Events) loop.After(plan.At.Ns(), () => Happen(plan));
    }

    /// <summary>That what it is to restart can be restarted.</summary>
    /// <exception cref="ScenarioException">Nobody knows how.</exception>
    public static void Require(Scenario scenario, LoadTarget target)
    {
        if (scenario.Events.FirstOrDefault(static plan => plan.Kind is EventKind.RestartEdge or EventKind.KillEdge) is not { } restart || target.RestartCommand is not null) return;
        if (!target.Processes().Keys.Any(IsEdge)) throw new ScenarioException($"The scenario {scenario.Name} has the event {restart.Kind}: give the command for it (--restart), or the process ids of the edges (--run of a ./run on this machine, --process edge=PID).");
    }

    /// <summary>Something that was run and did not do its work; null if there is nothing more of it.</summary>
    public string? TakeFailure() => _failures.TryDequeue(out string? failure) ? failure : null;

    /// <summary>Whether users need to keep their TLS sessions.</summary>
    public static bool NeedSessions(Scenario scenario) => scenario.Events.Any(static plan => plan.Resume);

    private void Happen(EventPlan plan)
    {
        if (phases.Now != Phase.Measure) return;
        if (plan.Every > TimeSpan.Zero) loop.After(plan.Every.Ns(), () => Happen(plan));
        tell($"{plan.Kind}, {plan.Share:P0} of the users online");
        if (plan.Kind is EventKind.RestartEdge or EventKind.KillEdge)
        {
            Restart(plan.Kind == EventKind.KillEdge ? "-KILL" : "-TERM");
            return;
        }

        VirtualUser[] chosen = [.. users.Take(online)];
        _random.Shuffle(chosen);
        chosen = chosen[..Math.Max(1, (int)(online * plan.Share))];
        foreach (VirtualUser user in chosen)
        {
            user.Resumes = plan.Resume;
            if (plan.Kind == EventKind.Reconnect) agents.GoAway(user, unregister: false);
            else if (plan.Kind == EventKind.Away) agents.GoAway(user, unregister: true);
            else if (plan.Kind == EventKind.Silence) agents.FallSilent(user);
            else user.ReadPauseNs = plan.For.Ns();
        }

        if (plan.Kind == EventKind.SlowRead) return;
        if (plan.For > TimeSpan.Zero) loop.After(plan.For.Ns(), () => Return(plan, chosen));
        else Return(plan, chosen);
    }

    private void Return(EventPlan plan, VirtualUser[] chosen)
    {
        long now = Clock.NowNs;
        for (int i = 0; i < chosen.Length; i++)
        {
            if (plan.Rate > 0) pump.Enqueue(chosen[i], now + (long)(i / plan.Rate * Clock.Second));
            else pump.Enqueue(chosen[i]);
        }
    }

    private void Restart(string signal)
    {
        if (target.RestartCommand is { } command)
        {
            Run("the restart command", "/bin/sh", "-c", command);
            return;
        }

        foreach ((string part, IReadOnlyList<int> processes) in target.Processes())
        {
            if (!IsEdge(part)) continue;
            foreach (int process in processes) Run("the signal to an edge", "kill", signal, process.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static bool IsEdge(string part) => part.StartsWith("edge", StringComparison.Ordinal);

    /// <summary>Nobody waits for its end; how it ended is told.</summary>
    private void Run(string what, string program, params string[] arguments)
    {
        Process process = new() { StartInfo = new ProcessStartInfo(program, arguments), EnableRaisingEvents = true };
        process.Exited += (_, _) =>
        {
            if (process.ExitCode != 0) _failures.Enqueue($"{what} failed (exit code {process.ExitCode})");
            process.Dispose();
        };
        process.Start();
    }
}
