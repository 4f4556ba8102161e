namespace Dev.Host.Accounts;

/// <summary>Brings a CSV file into the core and says what came of it.</summary>
internal static class AccountImport
{
    private const int ShownFaults = 10;

    /// <exception cref="StartFailedException">The file cannot be read, or the core refused it as a whole.</exception>
    public static async Task RunAsync(AdminClient admin, string file)
    {
        int created = 0, updated = 0, unchanged = 0;
        List<ImportFault> faults = [];
        try
        {
            foreach ((int firstLine, string csv) in CsvChunks.Cut(File.ReadLines(file)))
            {
                ImportAnswer answer = await admin.ImportAsync(csv);
                created += answer.Created;
                updated += answer.Updated;
                unchanged += answer.Unchanged;
                faults.AddRange((answer.Faults ?? []).Select(fault => fault with { Line = fault.Line + firstLine - 1 }));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartFailedException($"--accounts: {failure.Message}");
        }

        Console.WriteLine($"accounts: {created} new, {updated} changed, {unchanged} as they were, {faults.Count} lines refused");
        foreach (ImportFault fault in faults.Take(ShownFaults))
        {
            Console.WriteLine($"  line {fault.Line}: {fault.Problem}");
        }
    }
}
