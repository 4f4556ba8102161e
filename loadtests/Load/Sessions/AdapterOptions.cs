using System.CommandLine;
using Load.Commands;
using Load.Scenarios;

namespace Load.Sessions;

/// <summary>The arguments of another runner: those of <c>run</c>.</summary>
internal static class AdapterOptions
{
    /// <exception cref="ScenarioException">They cannot be used.</exception>
    public static RunOptions Parse(IReadOnlyList<string> args)
    {
        ParseResult parsed = RunCommand.Create().Parse(args);
        return parsed.Errors.Count == 0 ? RunCommand.Read(parsed) : throw new ScenarioException(string.Join('\n', parsed.Errors.Select(static error => error.Message)));
    }
}
