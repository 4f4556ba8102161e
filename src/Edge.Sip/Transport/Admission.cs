using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport;

/// <summary>Decides whether one connection more is served, before anything is spent on it, and numbers those that are.</summary>
internal sealed class Admission(SipOptions options, AddressLimits addresses, EdgeMetrics metrics)
{
    private const int FirstFlowBits = 40;   // longer numbers cost bytes in every event

    private int _count;

    /// <summary>Begins anywhere: nonces are good for one flow of one edge, and this process must not give out the numbers of the one before it again.</summary>
    private ulong _lastFlow = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> (64 - FirstFlowBits);

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

    /// <summary>One that was admitted cannot be served: there is no memory for it.</summary>
    public void Withdraw(IPAddress address)
    {
        Leave(address);
        metrics.ConnectionRefused("no_memory");
    }

    private bool Refuse(string cause)
    {
        Interlocked.Decrement(ref _count);
        metrics.ConnectionRefused(cause);
        return false;
    }
}
