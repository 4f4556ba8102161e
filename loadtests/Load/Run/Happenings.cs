using System.Diagnostics;
using Load.Engine;
using Load.Scenarios;

namespace Load.Run;

/// <summary>What a scenario lets happen to users and to the target, at its times of the measured time.</summary>
internal sealed class Happenings(Scenario scenario, LoadTarget target, IReadOnlyList<VirtualUser> users, int online, UserAgents agents, OnlinePump pump, EventLoop loop, PhaseClock phases, Action<string> tell)
{
    private readonly Random _random = new(scenario.Seed + 1);

    /// <summary>The measured time has begun.</summary>
    public void Start()
    {
        foreach (EventPlan plan in scenario.Events) loop.After(plan.At.Ns(), () => Happen(plan));
    }

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
            Run("/bin/sh", "-c", command);
            return;
        }

        foreach ((string part, IReadOnlyList<int> processes) in target.Processes())
        {
            if (!part.StartsWith("edge", StringComparison.Ordinal)) continue;
            foreach (int process in processes) Run("kill", signal, process.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process? process = Process.Start(new ProcessStartInfo(program, arguments));   // its end is nobody's concern here
    }
}
