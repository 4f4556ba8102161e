using Load.Engine;
using Load.Scenarios;

namespace Load.Run;

/// <summary>The parts of a run, in order.</summary>
internal enum Phase
{
    /// <summary>Those that are to be online come.</summary>
    Register,
    Ramp,
    WarmUp,
    Measure,
    CoolDown,
    Drain,
    Done,
}

/// <summary>Which part of the run it is, and how high rates are in it.</summary>
internal sealed class PhaseClock(PhasePlan plan)
{
    private readonly long[] _beganNs = new long[(int)Phase.Done + 1];

    public Phase Now { get; private set; }

    public long BeganNs(Phase phase) => _beganNs[(int)phase];

    /// <summary>When the one that runs is over by time; <see cref="long.MaxValue"/> if it ends by something else.</summary>
    public long EndsNs => Now is Phase.Register or Phase.Done ? long.MaxValue : BeganNs(Now) + LengthOf(Now);

    /// <summary>Whether what was due then counts in the figures.</summary>
    public bool Counts(long dueNs) => BeganNs(Phase.Measure) != 0 && dueNs >= BeganNs(Phase.Measure) && (Now == Phase.Measure || dueNs < MeasureEndedNs);

    /// <summary>End of the measured time; the present while it lasts.</summary>
    public long MeasureEndedNs => BeganNs(Phase.CoolDown) != 0 ? BeganNs(Phase.CoolDown) : Clock.NowNs;

    /// <summary>Whether traffic runs.</summary>
    public bool HasTraffic => Now is >= Phase.Ramp and <= Phase.CoolDown;

    public void Enter(Phase phase, long nowNs)
    {
        Now = phase;
        _beganNs[(int)phase] = nowNs;
    }

    /// <summary>The height of a rate just then, 0 to 1 times its curve.</summary>
    public double Factor(long dueNs, IReadOnlyList<double> curve) => Now switch
    {
        Phase.Ramp => Part(Phase.Ramp, dueNs) * At(curve, 0),
        Phase.WarmUp => At(curve, 0),
        Phase.Measure => At(curve, Part(Phase.Measure, dueNs)),
        Phase.CoolDown => (1 - Part(Phase.CoolDown, dueNs)) * At(curve, 1),
        _ => 0,
    };

    /// <summary>The length that the file gives it.</summary>
    public long LengthOf(Phase phase) => phase switch
    {
        Phase.Ramp => plan.Ramp.Ns(),
        Phase.WarmUp => plan.WarmUp.Ns(),
        Phase.Measure => plan.Measure.Ns(),
        Phase.CoolDown => plan.CoolDown.Ns(),
        Phase.Drain => plan.Drain.Ns(),
        _ => 0,
    };

    private double Part(Phase phase, long atNs) => LengthOf(phase) == 0 ? 1 : Math.Clamp((atNs - BeganNs(phase)) / (double)LengthOf(phase), 0, 1);

    /// <summary>A straight line between the points; the last part leads back to the first point, as midnight does.</summary>
    private static double At(IReadOnlyList<double> curve, double part)
    {
        if (curve.Count == 0) return 1;
        double position = part * curve.Count;
        int point = (int)position;
        double from = curve[point % curve.Count], to = curve[(point + 1) % curve.Count];
        return from + ((to - from) * (position - point));
    }
}
