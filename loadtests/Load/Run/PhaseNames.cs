namespace Load.Run;

/// <summary>Phases as reports name them.</summary>
internal static class PhaseNames
{
    public static string Of(Phase phase) => phase switch
    {
        Phase.Register => "register",
        Phase.Ramp => "ramp",
        Phase.WarmUp => "warm-up",
        Phase.Measure => "measure",
        Phase.CoolDown => "cool-down",
        Phase.Drain => "drain",
        _ => "done",
    };
}
