using System.Text;

namespace Dev.Host.Supervision;

/// <summary>The <c>pids</c> file: a line <c>KIND PID</c> for each part that runs now, replaced as a whole at each change.</summary>
internal sealed class PidFile(string path)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _lines = new(StringComparer.Ordinal);   // by name, so edges stand in order

    /// <summary>A part runs, or runs again.</summary>
    public void Set(ChildCommand part, int processId) => Change(() => _lines[part.Name] = $"{part.Kind} {processId}");

    /// <summary>A part does not run.</summary>
    public void Clear(ChildCommand part) => Change(() => _lines.Remove(part.Name));

    /// <summary>Nothing runs any more.</summary>
    public void Remove() => File.Delete(path);

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            PrivateFile.WritePublic(path, _lines.Values.Aggregate(new StringBuilder(), (text, line) => text.Append(line).Append('\n')).ToString());
        }
    }
}
