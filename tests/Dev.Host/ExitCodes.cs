namespace Dev.Host;

/// <summary>What the exit code of <c>./run</c> says.</summary>
internal static class ExitCodes
{
    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Stopped = 0;

    /// <summary>Something needed could not be started; the reason was printed.</summary>
    public const int CouldNotStart = 1;

    /// <summary>An option is unknown or its value is wrong.</summary>
    public const int Usage = 2;
}
