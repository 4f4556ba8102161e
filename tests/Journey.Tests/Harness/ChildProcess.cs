using System.Collections.Concurrent;
using System.Diagnostics;

namespace Journey.Tests.Harness;

/// <summary>A program under test as a process of its own, with every line it wrote.</summary>
/// <remarks><c>setpriv --pdeathsig</c> ends it with the test run, even one that is killed.</remarks>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly BlockingCollection<Action> Launches = StartLauncher();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private ChildProcess(string name, Process process)
    {
        (Name, _process) = (name, process);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its name, for messages.</summary>
    public string Name { get; }

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning => !_process.HasExited;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Everything it wrote, in order.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Everything it wrote, as one text.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts a program.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="program">Program and arguments.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="home">Its HOME; null for this process's own.</param>
    public static async Task<ChildProcess> StartAsync(string name, IReadOnlyList<string> program, string folder, string? home = null)
    {
        ProcessStartInfo start = new("setpriv")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in (string[])["--pdeathsig", "KILL", "--", .. program])
        {
            start.ArgumentList.Add(argument);
        }

        if (home is not null)
        {
            start.Environment["HOME"] = home;
        }

        TaskCompletionSource<Process> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Launches.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (System.ComponentModel.Win32Exception failure)
            {
                started.SetException(failure);
            }
        });
        return new ChildProcess(name, await started.Task);
    }

    /// <summary>Types a line.</summary>
    public async Task TypeAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>SIGKILL: no handler runs.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: asks it to end.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>Sends a signal.</summary>
    /// <param name="name">Without SIG.</param>
    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its own end.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan deadline)
    {
        using CancellationTokenSource limit = new(deadline);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }

    /// <summary>The death signal follows the thread that started a child: so one thread that never ends starts them all.</summary>
    private static BlockingCollection<Action> StartLauncher()
    {
        BlockingCollection<Action> launches = [];
        new Thread(() =>
        {
            foreach (Action launch in launches.GetConsumingEnumerable())
            {
                launch();
            }
        })
        { IsBackground = true }.Start();
        return launches;
    }
}
