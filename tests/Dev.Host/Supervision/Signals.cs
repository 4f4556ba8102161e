using System.Runtime.InteropServices;

namespace Dev.Host.Supervision;

/// <summary>What .NET has no call for: asking another process to end.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;

    /// <summary>Sends SIGTERM; a process that is gone already is no error.</summary>
    public static void Terminate(int processId) => _ = Kill(processId, SigTerm);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
