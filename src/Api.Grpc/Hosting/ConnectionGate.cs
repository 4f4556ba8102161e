using System.Net;
using Api.Grpc.Authentication;
using Api.Grpc.Diagnostics;
using Api.Grpc.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Hosting;

/// <summary>How many connections a door has, in all and from one address. Kestrel's own limit knows no addresses, and would let strangers take the edges' places.</summary>
internal sealed class ConnectionGate(IOptions<ApiOptions> options, CoreMetrics metrics)
{
    private readonly ApiOptions _options = options.Value;
    private readonly Lock _gate = new();
    private readonly Dictionary<Listener, int> _all = [];
    private readonly Dictionary<(Listener Listener, IPAddress Network), int> _addresses = [];

    /// <summary>Serves a connection, or closes it before anything is spent on it.</summary>
    public async Task ServeAsync(Listener listener, ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        (Listener, IPAddress) key = (listener, FailureBudget.Network(address));
        bool exempt = _options.ExemptLoopback && IPAddress.IsLoopback(address);
        if (TryEnter(key, exempt) is { } cause)
        {
            metrics.ConnectionRefused(listener, cause);
            connection.Abort();
            return;
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(key);
        }
    }

    /// <returns>Why not; null if it may.</returns>
    private string? TryEnter((Listener Listener, IPAddress Network) key, bool exempt)
    {
        lock (_gate)
        {
            int all = _all.GetValueOrDefault(key.Listener), here = _addresses.GetValueOrDefault(key);
            if (all >= _options.MaxConnections) return CoreMetrics.MostConnections;
            if (here >= _options.MaxConnectionsPerAddress && !exempt) return CoreMetrics.AddressConnections;
            _all[key.Listener] = all + 1;
            _addresses[key] = here + 1;
            return null;
        }
    }

    private void Leave((Listener Listener, IPAddress Network) key)
    {
        lock (_gate)
        {
            _all[key.Listener]--;
            if (--_addresses[key] == 0) _addresses.Remove(key);
        }
    }
}
