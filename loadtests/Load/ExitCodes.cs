namespace Load;

/// <summary>What the process says with its exit code. Scripts rely on them: never renumbered.</summary>
internal static class ExitCodes
{
    /// <summary>Every threshold held and the ledger is clean.</summary>
    public const int Passed = 0;

    /// <summary>Wrong options, or a scenario file that cannot be used.</summary>
    public const int Usage = 1;

    /// <summary>The target cannot be reached, or lets nobody in.</summary>
    public const int Unreachable = 2;

    /// <summary>The generator was too late to say anything about the target.</summary>
    public const int Invalid = 3;

    /// <summary>A threshold did not hold, or the ledger is not clean.</summary>
    public const int Failed = 99;
}
