using Load.Scenarios;

namespace Load.Sessions;

/// <summary>How much of a stream another runner is to make, part by part: what the phases and the two models come to in its words.</summary>
/// <param name="Kind">What is held or rises.</param>
/// <param name="Amount">A second with the open model, at once with the closed one; at the end of the part where it rises or falls.</param>
internal sealed record SimulationPlan(SimulationKind Kind, int Amount, TimeSpan During)
{
    /// <summary>Parts of a curve: runners that change in steps get as many.</summary>
    private const int MostSteps = 48;

    /// <summary>The parts of one stream, in order. Rates are whole numbers for them: below one a second nothing would come, so one is the least.</summary>
    public static IReadOnlyList<SimulationPlan> For(TrafficPlan traffic, PhasePlan phases)
    {
        List<SimulationPlan> plans = [];
        int full = traffic.IsOpen ? AtLeastOne(traffic.Rate * (traffic.Curve.Count > 0 ? traffic.Curve[0] : 1)) : traffic.Window;
        Add(plans, traffic.IsOpen ? SimulationKind.RampingRate : SimulationKind.RampingCopies, full, phases.Ramp);
        Add(plans, traffic.IsOpen ? SimulationKind.Rate : SimulationKind.Copies, full, phases.WarmUp);
        if (traffic.Curve.Count == 0 || !traffic.IsOpen) Add(plans, traffic.IsOpen ? SimulationKind.Rate : SimulationKind.Copies, full, phases.Measure);
        else AddCurve(plans, traffic, phases.Measure);
        return plans;
    }

    private static void AddCurve(List<SimulationPlan> plans, TrafficPlan traffic, TimeSpan measure)
    {
        int steps = Math.Min(traffic.Curve.Count, MostSteps);
        for (int i = 0; i < steps; i++) Add(plans, SimulationKind.RampingRate, AtLeastOne(traffic.Rate * traffic.Curve[(i + 1) % traffic.Curve.Count]), measure / steps);
    }

    private static void Add(List<SimulationPlan> plans, SimulationKind kind, int amount, TimeSpan during)
    {
        if (during > TimeSpan.Zero) plans.Add(new SimulationPlan(kind, amount, during));
    }

    private static int AtLeastOne(double rate) => Math.Max(1, (int)Math.Round(rate));
}

/// <summary>What a part of a simulation does.</summary>
internal enum SimulationKind
{
    /// <summary>Open model, the same all along.</summary>
    Rate,

    /// <summary>Open model, from where it is to the amount.</summary>
    RampingRate,

    /// <summary>Closed model, the same all along.</summary>
    Copies,

    /// <summary>Closed model, from where it is to the amount.</summary>
    RampingCopies,
}
