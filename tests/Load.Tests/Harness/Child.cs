using System.Collections.Concurrent;
using System.Diagnostics;

namespace Load.Tests.Harness;

/// <summary>A program as a process of its own, which tests stop, continue and read.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    public Child(string assembly, params string[] arguments)
    {
        // Tests that run in the background of a script inherit an ignored SIGINT, and so would the child.
        ProcessStartInfo start = new("env", ["--default-signal=INT", "dotnet", assembly, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    public string Output => string.Join('\n', _lines);

    /// <summary>The first line it writes.</summary>
    public async Task<string> FirstLineAsync()
    {
        long began = Stopwatch.GetTimestamp();
        string? line;
        while (!_lines.TryPeek(out line))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience && !_process.HasExited, "nothing was written");
            await Task.Delay(20);
        }

        return line;
    }

    /// <summary>STOP, CONT, INT.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <returns>Its exit code.</returns>
    public async Task<int> ExitAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal("CONT");
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }
}
