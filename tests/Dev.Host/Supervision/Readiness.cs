using System.Net;
using System.Net.Sockets;

namespace Dev.Host.Supervision;

/// <summary>Asks parts whether they answer, and ports whether they are free.</summary>
internal static class Readiness
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Whether <c>/readyz</c> of a metrics port says 200.</summary>
    public static async Task<bool> HttpAsync(int port, CancellationToken stopping)
    {
        try
        {
            using HttpResponseMessage answer = await Http.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"), stopping);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is TaskCanceledException && !stopping.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Whether a Redis-compatible store answers PING (RESP).</summary>
    public static async Task<bool> StoreAsync(int port, CancellationToken stopping)
    {
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, port, stopping);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync("*1\r\n$4\r\nPING\r\n"u8.ToArray(), stopping);
            byte[] answer = new byte[7];
            await stream.ReadExactlyAsync(answer, stopping);
            return answer.AsSpan().SequenceEqual("+PONG\r\n"u8);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return false;
        }
    }

    /// <summary>Refuses a start whose ports are taken, naming port and option.</summary>
    /// <exception cref="StartFailedException">At least one port is in use.</exception>
    public static void RequireFree(IEnumerable<(int Port, string Option)> ports)
    {
        List<(int Port, string Option)> wanted = [.. ports];
        foreach (IGrouping<int, (int Port, string Option)> same in wanted.GroupBy(port => port.Port).Where(group => group.Count() > 1))
        {
            throw new StartFailedException($"Port {same.Key} is wanted twice: by {string.Join(" and ", same.Select(port => port.Option))}.");
        }

        List<string> taken = [.. wanted.Where(port => !IsFree(port.Port)).Select(port =>
            port.Port > IPEndPoint.MaxPort ? $"Port {port.Port} ({port.Option}) does not exist: choose a lower first port."
                : $"Port {port.Port} ({port.Option}) is in use: stop what listens there, or choose another with {port.Option}.")];
        if (taken.Count > 0)
        {
            throw new StartFailedException(string.Join('\n', taken));
        }
    }

    /// <summary>A port that is free now, picked by the system.</summary>
    public static int PickFreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsFree(int port)
    {
        if (port > IPEndPoint.MaxPort)
        {
            return false;
        }

        try
        {
            using TcpListener listener = new(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
