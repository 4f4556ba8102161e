using System.Runtime.InteropServices;

namespace Api.Grpc.Hosting;

/// <summary>Keys, passwords' digests and texts are in memory: no crash may write it to a file, and no other process of the same user may read it.</summary>
internal static unsafe partial class CrashDumps
{
    private const int RLIMIT_CORE = 4;
    private const int PR_SET_DUMPABLE = 4;

    /// <summary>For the rest of the process's life, whatever the limits it was started with: setrlimit(2), and prctl(2) for dumps that a program receives.</summary>
    /// <remarks>From then on its files in <c>/proc</c> are root's: tools that look into the process (dotnet-dump, perf, smaps) need root.</remarks>
    public static void Forbid()
    {
        if (!OperatingSystem.IsLinux()) return;
        ulong* none = stackalloc ulong[2];
        (none[0], none[1]) = (0, 0);
        _ = setrlimit(RLIMIT_CORE, none);
        _ = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, ulong* limits);

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint first, nuint second, nuint third, nuint fourth);
}
