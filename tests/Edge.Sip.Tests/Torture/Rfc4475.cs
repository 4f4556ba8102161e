namespace Edge.Sip.Tests.Torture;

/// <summary>The torture messages of RFC 4475, byte for byte, if <c>EDGE_RFC4475</c> names their folder. Without it the run says so: skipped, never silently passed.</summary>
internal static class Rfc4475
{
    /// <summary>49 messages of the RFC's sections and <c>test.dat</c>, which no section describes.</summary>
    private const int Count = 50;

    private const string Another = "test";

    public static IReadOnlyList<(string Name, byte[] Bytes)> Files()
    {
        string? folder = Environment.GetEnvironmentVariable("EDGE_RFC4475");
        if (string.IsNullOrEmpty(folder)) Assert.Skip("EDGE_RFC4475 names no folder: the RFC 4475 messages were NOT tried");
        string[] paths = Directory.GetFiles(folder, "*.dat");
        Assert.Equal(Count, paths.Length);
        return [.. paths.Order(StringComparer.Ordinal).Select(static path => (Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path)))];
    }

    /// <summary>How many of these went as they should, in a line that ./test shows: those of the RFC, and the one more.</summary>
    public static string Score(IEnumerable<string> right)
    {
        HashSet<string> names = [.. right];
        bool another = names.Remove(Another);
        return $"{names.Count} of {Count - 1} as expected{(another ? $", {Another}.dat too" : string.Empty)}";
    }

    public static byte[] BytesOf(string name) => Files().Single(file => file.Name == name).Bytes;
}
