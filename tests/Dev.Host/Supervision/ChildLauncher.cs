using System.Collections.Concurrent;
using System.Diagnostics;

namespace Dev.Host.Supervision;

/// <summary>Starts children that cannot outlive this process, even when it is killed with SIGKILL.</summary>
/// <remarks>
/// On Linux each child asks for SIGKILL at the death of the thread that started it (PR_SET_PDEATHSIG, prctl(2)): so one thread, which
/// lives as long as the process, starts them all. Each has a session of its own, so that Ctrl-C reaches this process alone and it
/// stops them in order. The helpers <c>setsid</c> and <c>setpriv</c> are part of util-linux; without them (macOS) children of a killed
/// host go on and have to be ended by hand. Each helper replaces itself by the next, so the process id stays the same.
/// </remarks>
internal sealed class ChildLauncher : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly string _prefix;

    public ChildLauncher()
    {
        _prefix = (OnPath("setsid") ? "setsid " : "") + (OnPath("setpriv") ? "setpriv --pdeathsig KILL -- " : "");
        new Thread(() =>
        {
            foreach (Action work in _work.GetConsumingEnumerable())
            {
                work();
            }

            Thread.Sleep(Timeout.Infinite);   // the end of this thread would be the end of the children
        })
        { IsBackground = true, Name = "child launcher" }.Start();
    }

    /// <summary>Starts a program; what it writes is appended to the log file.</summary>
    /// <exception cref="StartFailedException">The program is not there.</exception>
    public Task<Process> StartAsync(IReadOnlyList<string> program, string logFile)
    {
        if (!OnPath(program[0]))
        {
            throw new StartFailedException($"{program[0]} is missing: run ./run again to build it.");
        }

        TaskCompletionSource<Process> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            ProcessStartInfo start = new("/bin/sh") { UseShellExecute = false };
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"exec {_prefix}\"$@\" >>\"$0\" 2>&1 </dev/null");
            start.ArgumentList.Add(logFile);
            foreach (string argument in program)
            {
                start.ArgumentList.Add(argument);
            }

            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                started.SetException(new StartFailedException($"{program[0]} could not be started: {failure.Message}"));
            }
        });
        return started.Task;
    }

    /// <summary>Takes no more work. The thread stays: children live on until they are stopped.</summary>
    public void Dispose() => _work.CompleteAdding();

    private static bool OnPath(string program) => Path.IsPathRooted(program)
        ? File.Exists(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
