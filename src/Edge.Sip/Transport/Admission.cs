using System.Net;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport;

/// <summary>Decides whether one connection more is served, before anything is spent on it, and numbers those that are.</summary>
internal sealed class Admission(SipOptions options, AddressLimits addresses, EdgeMetrics metrics)
{
    private int _count;
    private ulong _lastFlow;

    /// <summary>Counts a connection; each one admitted ends with <see cref="Leave"/>.</summary>
    /// <param name="flow">Its number, above all before.</param>
    public bool TryEnter(IPAddress address, out ulong flow)
    {
        flow = 0;
        if (Interlocked.Increment(ref _count) > options.MostConnections) return Refuse("most_connections");
        switch (addresses.TryOpen(address))
        {
            case AddressVerdict.TooMany:
                return Refuse("address_connections");
            case AddressVerdict.TooFast:
                return Refuse("address_rate");
            default:
                flow = Interlocked.Increment(ref _lastFlow);
                return true;
        }
    }

    /// <summary>One that was admitted ended.</summary>
    public void Leave(IPAddress address)
    {
        Interlocked.Decrement(ref _count);
        addresses.Close(address);
    }

    private bool Refuse(string cause)
    {
        Interlocked.Decrement(ref _count);
        metrics.ConnectionRefused(cause);
        return false;
    }
}
