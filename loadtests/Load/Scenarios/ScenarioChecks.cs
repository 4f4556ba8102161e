namespace Load.Scenarios;

/// <summary>Says everything that is wrong with a scenario at once: one correction mends a bad file.</summary>
internal static class ScenarioChecks
{
    /// <summary>Beyond this one process runs out of files: 20,000 is the usual limit, and HTTP connections take their share.</summary>
    public const int MostUsers = 19_000;

    /// <summary>Most users when each sender has an HTTPS connection of its own too.</summary>
    public const int MostUsersWithOwnConnection = 4_000;

    /// <exception cref="ScenarioException">With every fault.</exception>
    public static void Require(Scenario scenario)
    {
        List<string> faults = [.. Faults(scenario)];
        if (faults.Count > 0) throw new ScenarioException($"The scenario {scenario.Name} cannot be run:\n  {string.Join("\n  ", faults)}");
    }

    /// <returns>A sentence for each fault.</returns>
    public static IEnumerable<string> Faults(Scenario scenario)
    {
        UserPlan users = scenario.Users;
        if (users.Count is < 1 or > MostUsers) yield return $"users.count: 1 to {MostUsers:N0} in one process; more by several processes with ranges of their own (users.first), whose results merge";
        if (users.First < 0) yield return "users.first: 0 or more";
        if (users.Online is < 0 or > 1) yield return "users.online: 0 to 1";
        if (!users.Name.Contains("{n}", StringComparison.Ordinal)) yield return "users.name: needs {n}";
        if (scenario.Registration.InFlight is < 1 or > 4_096) yield return "registration.inFlight: 1 to 4,096";
        if (scenario.Registration.Expires < TimeSpan.FromSeconds(60)) yield return "registration.expires: at least 60s (the server refuses less)";
        if (scenario.Http.Connections is < 1 or > 1_024) yield return "http.connections: 1 to 1,024";
        if (scenario.Http.ConnectionPerSender && users.Count > MostUsersWithOwnConnection) yield return $"http.connectionPerSender: up to {MostUsersWithOwnConnection:N0} users";
        if (scenario.Http.InFlight is < 1 or > 10_000) yield return "http.inFlight: 1 to 10,000";
        if (scenario.Http.Tries is < 1 or > 10) yield return "http.tries: 1 to 10";
        if (scenario.Phases.Measure <= TimeSpan.Zero) yield return "phases.measure: more than nothing";
        if (scenario.Caps.Requests is < 1 or > 50_000_000) yield return "caps.requests: 1 to 50,000,000";
        if (scenario.Caps.Time <= TimeSpan.Zero) yield return "caps.time: more than nothing";
        TimeSpan whole = scenario.Phases.Ramp + scenario.Phases.WarmUp + scenario.Phases.Measure + scenario.Phases.CoolDown;
        if (whole > scenario.Caps.Time) yield return $"caps.time: {Durations.Format(scenario.Caps.Time)} is shorter than the phases, {Durations.Format(whole)}";
        foreach (string fault in scenario.Traffic.SelectMany(traffic => Faults(scenario, traffic)).Concat(scenario.Events.SelectMany(Faults))) yield return fault;
        foreach (string threshold in scenario.Thresholds)
        {
            if (!Threshold.TryParse(threshold, out _, out string why)) yield return $"thresholds: \"{threshold}\": {why}";
        }
    }

    private static IEnumerable<string> Faults(Scenario scenario, TrafficPlan traffic)
    {
        string name = $"traffic {traffic.Name}";
        int online = (int)Math.Round(scenario.Users.Count * scenario.Users.Online);
        if (traffic.Rate is < 0 or > 100_000) yield return $"{name}: rate: 0 to 100,000 a second";
        if (traffic.Rate > 0 == traffic.Window > 0) yield return $"{name}: either rate (open model) or window (closed model)";
        if (traffic.Window is < 0 or > 100_000) yield return $"{name}: window: up to 100,000";
        if (traffic.Characters is < 40 or > 160) yield return $"{name}: characters: 40 to 160";
        if (traffic.Curve.Any(static factor => factor is < 0 or > 100)) yield return $"{name}: curve: factors of 0 to 100";
        if (online == 0) yield return $"{name}: nobody is online to send";
        if (traffic.To == Audience.Offline && online == scenario.Users.Count) yield return $"{name}: nobody is offline (users.online)";
        if (traffic.To == Audience.Partner && traffic.Window > online / 2) yield return $"{name}: window: {online / 2} pairs are online";
        if (traffic.To == Audience.Partner && online < 2) yield return $"{name}: two must be online";
        if (traffic.Via == Way.Refresh && traffic.Window > online) yield return $"{name}: window: {online} users are online";
        if (traffic.To == Audience.Offline && traffic.Until == Milestone.Delivered) yield return $"{name}: until: who is offline gets it only in the drain";
        if (traffic.Via == Way.Refresh && traffic.Until == Milestone.Delivered) yield return $"{name}: until: a refresh is not delivered";
    }

    private static IEnumerable<string> Faults(EventPlan happening)
    {
        if (happening.Share is <= 0 or > 1) yield return $"event {happening.Kind}: share: more than 0, up to 1";
        if (happening.Rate is < 0 or > 100_000) yield return $"event {happening.Kind}: rate: up to 100,000 a second";
        if (happening.Every > TimeSpan.Zero && happening.Every < TimeSpan.FromMilliseconds(100)) yield return $"event {happening.Kind}: every: at least 100ms";
        if (happening.Kind == EventKind.SlowRead && happening.For <= TimeSpan.Zero) yield return $"event {happening.Kind}: for: the pause between two reads";
    }
}
