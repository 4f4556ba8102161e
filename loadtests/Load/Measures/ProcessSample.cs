using System.Globalization;

namespace Load.Measures;

/// <summary>What processes have used so far, from /proc (proc(5)); what is gone or not on this machine has used nothing.</summary>
internal static class ProcessSample
{
    private const double TicksPerSecond = 100;   // sysconf(_SC_CLK_TCK), on every Linux that .NET runs on
    private static readonly double MegabytesPerPage = Environment.SystemPageSize / 1_048_576.0;

    /// <summary>CPU seconds, user and kernel.</summary>
    public static double CpuSeconds(IEnumerable<int> processes) => processes.Sum(static process =>
    {
        string stat = Read(process, "stat");
        int name = stat.LastIndexOf(')');   // the name may hold blanks
        if (name < 0) return 0;
        string[] fields = stat[(name + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });

    /// <summary>Resident megabytes.</summary>
    public static double Megabytes(IEnumerable<int> processes) => processes.Sum(static process =>
        Read(process, "statm").Split(' ') is [_, string resident, ..] ? double.Parse(resident, CultureInfo.InvariantCulture) * MegabytesPerPage : 0);

    /// <summary>Resident kilobytes that are this process' own.</summary>
    public static double OwnKilobytes()
    {
        try
        {
            return File.ReadLines("/proc/self/smaps_rollup").Where(static line => line.StartsWith("Pss:", StringComparison.Ordinal))
                .Select(static line => double.Parse(line[4..^2].Trim(), CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (IOException)
        {
            return Environment.WorkingSet / 1_024.0;
        }
    }

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
