using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Testing.Shared;

/// <summary>A RESP server as a child process: started, awaited, killed by its process id.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServerProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Of the child.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a program and waits until it answers PING.</summary>
    /// <exception cref="InvalidOperationException">It ended, or did not answer in 30 s; the message has its output.</exception>
    public static async Task<ServerProcess> StartAsync(int port, string program, params string[] arguments)
    {
        ServerProcess server = new(new ProcessStartInfo(program, arguments));
        long began = Stopwatch.GetTimestamp();
        while (!await AnswersAsync(port))
        {
            if (server._process.HasExited || Stopwatch.GetElapsedTime(began) > StartDeadline)
            {
                await server.DisposeAsync();
                throw new InvalidOperationException($"{program} did not come up on port {port}: {server.Output}");
            }

            await Task.Delay(20);
        }

        return server;
    }

    /// <summary>What it printed.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>SIGKILL, and its end.</summary>
    public async Task KillAsync()
    {
        if (_process.HasExited) return;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(1));
            using TcpClient client = new();
            await client.ConnectAsync("127.0.0.1", port, deadline.Token);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync("*1\r\n$4\r\nPING\r\n"u8.ToArray(), deadline.Token);
            byte[] answer = new byte[64];
            int read = await stream.ReadAsync(answer, deadline.Token);
            return answer.AsSpan(0, read).StartsWith("+PONG"u8);   // "-LOADING" is not there yet
        }
        catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
    }
}
