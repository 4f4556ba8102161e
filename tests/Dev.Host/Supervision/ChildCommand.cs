namespace Dev.Host.Supervision;

/// <summary>How a part of the system is started.</summary>
/// <param name="Name">Its name for the user and its log file: <c>store</c>, <c>core</c>, <c>edge-1</c>.</param>
/// <param name="Kind">Its word in the <c>pids</c> file: <c>store</c>, <c>core</c> or <c>edge</c>.</param>
/// <param name="Program">Program and arguments.</param>
/// <param name="LogFile">Where its output goes.</param>
/// <param name="IsReady">Whether it answers now.</param>
internal sealed record ChildCommand(string Name, string Kind, IReadOnlyList<string> Program, string LogFile, Func<CancellationToken, Task<bool>> IsReady);
