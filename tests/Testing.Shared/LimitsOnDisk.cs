namespace Testing.Shared;

/// <summary>A limits file of a test's own, in a folder that goes with it.</summary>
public sealed class LimitsOnDisk : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-limits-").FullName;

    public LimitsOnDisk(string json) => Write(json);

    public string Path => System.IO.Path.Combine(_folder, "limits.json");

    /// <summary>Replaces it, as an editor does.</summary>
    public void Write(string json)
    {
        string fresh = $"{Path}.new";
        File.WriteAllText(fresh, json);
        File.Move(fresh, Path, overwrite: true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
