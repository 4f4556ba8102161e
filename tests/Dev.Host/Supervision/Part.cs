using System.Diagnostics;

namespace Dev.Host.Supervision;

/// <summary>One part of the system: started, watched, started again with back-off when it dies, stopped.</summary>
internal sealed class Part(ChildCommand command, ChildLauncher launcher, PidFile pids)
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(10);

    /// <summary>A part that lived this long is taken for healthy: its next death begins at the first back-off.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private Process? _process;
    private volatile bool _bounced;
    private volatile TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called after the part died by itself, was started again and answers.</summary>
    public Func<Task>? Returned { get; set; }

    /// <summary>Starts the part and waits until it answers.</summary>
    /// <exception cref="StartFailedException">It ended, or did not answer in time; its last lines are in the message.</exception>
    public async Task StartAsync(CancellationToken stopping)
    {
        long logBegins = File.Exists(command.LogFile) ? new FileInfo(command.LogFile).Length : 0;
        await LaunchAsync();
        if (!await WaitReadyAsync(stopping))
        {
            string fault = _process!.HasExited ? $"ended with code {_process.ExitCode}" : $"did not answer within {StartDeadline.TotalSeconds:0} s";
            throw new StartFailedException($"{command.Name} {fault}. Its last lines ({command.LogFile}):\n{LogTail.Read(command.LogFile, logBegins)}");
        }
    }

    /// <summary>Watches the part until the token is cancelled: whatever ends it, it is started again.</summary>
    public async Task WatchAsync(CancellationToken stopping)
    {
        TimeSpan backOff = FirstBackOff;
        while (!stopping.IsCancellationRequested)
        {
            long started = Stopwatch.GetTimestamp();
            try
            {
                await _process!.WaitForExitAsync(stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pids.Clear(command);
            bool bounced = _bounced;
            _bounced = false;
            if (!bounced)
            {
                backOff = Stopwatch.GetElapsedTime(started) > Healthy ? FirstBackOff : backOff;
                Say($"{command.Name} died ({Ending(_process.ExitCode)}); starting it again in {backOff.TotalSeconds:0.#} s. Its last lines ({command.LogFile}):\n{LogTail.Read(command.LogFile, 0)}");
            }

            try
            {
                if (!bounced)
                {
                    await Task.Delay(backOff, stopping);
                    backOff = TimeSpan.FromTicks(Math.Min(backOff.Ticks * 2, LongestBackOff.Ticks));
                }

                await LaunchAsync();
                if (!await WaitReadyAsync(stopping))
                {
                    continue;   // it died again or hangs; a hung one is looked at like a running one
                }

                Say($"{command.Name} is ready again");
                _ready.TrySetResult();
                if (!bounced && Returned is { } returned)
                {
                    await returned();
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (StartFailedException failure)
            {
                Say(failure.Message);
            }
        }
    }

    /// <summary>Stops the part so that it is started afresh, and waits until it answers.</summary>
    public async Task BounceAsync(CancellationToken stopping)
    {
        _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _bounced = true;
        Signals.Terminate(_process!.Id);
        await _ready.Task.WaitAsync(StartDeadline, stopping);
    }

    /// <summary>Ends the part: SIGTERM, and SIGKILL after 10 seconds. To be called once nothing watches it.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false } process)
        {
            return;
        }

        Signals.Terminate(process.Id);
        using CancellationTokenSource deadline = new(StopDeadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Say($"{command.Name} did not stop within {StopDeadline.TotalSeconds:0} s and is killed");
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task LaunchAsync()
    {
        _process = await launcher.StartAsync(command.Program, command.LogFile);
        pids.Set(command, _process.Id);
    }

    private async Task<bool> WaitReadyAsync(CancellationToken stopping)
    {
        long started = Stopwatch.GetTimestamp();
        while (!_process!.HasExited && Stopwatch.GetElapsedTime(started) < StartDeadline)
        {
            if (await command.IsReady(stopping))
            {
                return true;
            }

            await Task.Delay(PollInterval, stopping);
        }

        return false;
    }

    /// <summary>An exit code above 128 is that of a process ended by a signal.</summary>
    private static string Ending(int exitCode) => exitCode > 128 ? $"signal {exitCode - 128}" : $"exit code {exitCode}";

    private static void Say(string text) => Console.WriteLine(text);
}
