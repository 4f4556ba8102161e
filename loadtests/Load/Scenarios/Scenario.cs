namespace Load.Scenarios;

/// <summary>What a scenario file says: who the users are, what they do, for how long, and what must come of it. <c>scenario.schema.json</c> documents it.</summary>
internal sealed record Scenario
{
    /// <summary>Short, as in its file name.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for people.</summary>
    public string Description { get; init; } = string.Empty;

    /// <summary>Where every choice at random begins: the same seed makes the same choices.</summary>
    public int Seed { get; init; } = 1;

    public UserPlan Users { get; init; } = new();

    public RegistrationPlan Registration { get; init; } = new();

    public HttpPlan Http { get; init; } = new();

    public IReadOnlyList<TrafficPlan> Traffic { get; init; } = [];

    public IReadOnlyList<EventPlan> Events { get; init; } = [];

    public PhasePlan Phases { get; init; } = new();

    public CapPlan Caps { get; init; } = new();

    public HonestyPlan Honesty { get; init; } = new();

    /// <summary>What must hold, for example <c>deliver.p99 &lt; 200ms</c>. That the ledger is clean must always hold.</summary>
    public IReadOnlyList<string> Thresholds { get; init; } = [];
}

/// <summary>The accounts that are used, and how many of them are online.</summary>
internal sealed record UserPlan
{
    public int Count { get; init; } = 1_000;

    /// <summary>Number of the first: processes that share a target have ranges of their own.</summary>
    public int First { get; init; }

    /// <summary>The name of user number n; <c>{n}</c> stands for seven digits.</summary>
    public string Name { get; init; } = "u{n}";

    /// <summary>Its password; <c>{user}</c> stands for its name.</summary>
    public string Password { get; init; } = "pw-{user}";

    /// <summary>The part of them that registers at the beginning, 0 to 1. The others come for the drain at the end, for what waits for them.</summary>
    public double Online { get; init; } = 1;
}

/// <summary>How users register and stay registered.</summary>
internal sealed record RegistrationPlan
{
    /// <summary>How many are on their way at once while everybody comes online, and in events that name no rate.</summary>
    public int InFlight { get; init; } = 32;

    /// <summary>What the REGISTER asks for.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.FromHours(1);

    /// <summary>REGISTER again after so long; zero: at half of what was granted.</summary>
    public TimeSpan RefreshEvery { get; init; }

    /// <summary>A CRLFCRLF after so long; zero: at 80 to 100 % of the server's Flow-Timer (RFC 5626 §4.4.1).</summary>
    public TimeSpan KeepaliveEvery { get; init; }

    /// <summary>Whether a refresh carries the digest again, as most phones do.</summary>
    public bool AuthorizeRefresh { get; init; } = true;

    /// <summary>How long the answer to a MESSAGE is awaited (Timer F of RFC 3261 §17.1.2.2).</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(32);

    /// <summary>The wait after the first lost connection; doubles with each one that fails.</summary>
    public TimeSpan ReconnectFirst { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest of these waits.</summary>
    public TimeSpan ReconnectMost { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The connections that POST and gRPC share.</summary>
internal sealed record HttpPlan
{
    public int Connections { get; init; } = 64;

    /// <summary>Each sender has one of its own; up to 4,000 users.</summary>
    public bool ConnectionPerSender { get; init; }

    /// <summary>Most requests under way; further ones wait, and their time runs.</summary>
    public int InFlight { get; init; } = 512;

    /// <summary>Tries of one message, all with the same id: after 503, a broken connection or no answer.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>How long an answer is awaited (spec S20).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(12);
}

/// <summary>How long each part of a run lasts.</summary>
internal sealed record PhasePlan
{
    /// <summary>Rates rise to their full height.</summary>
    public TimeSpan Ramp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>At full height, in the ledger, but in no figure.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What the figures are about.</summary>
    public TimeSpan Measure { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Rates fall to nothing.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Everybody for whom something waits comes; ends as soon as nothing is outstanding.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>What no run goes beyond.</summary>
internal sealed record CapPlan
{
    /// <summary>Most messages and refreshes.</summary>
    public int Requests { get; init; } = 1_000_000;

    /// <summary>Longest run, drain not counted.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Most messages that wait for a connection of the pool; one more is an error.</summary>
    public int Waiting { get; init; } = 10_000;

    /// <summary>Most ids of each kind of finding that are kept; all are counted.</summary>
    public int Findings { get; init; } = 1_000;
}

/// <summary>When the generator itself was too late to be believed.</summary>
internal sealed record HonestyPlan
{
    /// <summary>99 of 100 things were done so soon after they were due.</summary>
    public TimeSpan LagP99 { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>And all of them so soon.</summary>
    public TimeSpan LagMax { get; init; } = TimeSpan.FromSeconds(1);
}
