using System.Text;
using Edge.Sip.Delivery;
using Edge.Sip.Parsing;
using Edge.Sip.Registrar;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;

namespace Edge.Sip.Sessions;

/// <summary>What the edge knows of one connection. Everything here is used under the connection's gate.</summary>
internal sealed class SipSession
{
    /// <summary>Accounts registered or registering on one connection. A phone has one or two.</summary>
    public const int MostBindings = 16;

    private const int MostServerTransactions = 64;
    private const int MostClientTransactions = MostBindings * 8;   // the widest window on every binding

    private SipFramer _framer;
    private DueTimes.Place _due;

    public SipSession(Connection connection, SipLimits limits, long nowMs)
    {
        Connection = connection;
        _framer = new SipFramer(limits);
        PeerAddress = Encoding.ASCII.GetBytes(connection.Peer.Address.ToString());
        OpenedMs = LastInboundMs = UnboundSinceMs = nowMs;
    }

    public Connection Connection { get; }

    public ulong Flow => Connection.Flow;

    /// <summary>For the top Via of our answers.</summary>
    public byte[] PeerAddress { get; }

    public TransactionTable<HeldDelivery> Transactions { get; } = new(MostServerTransactions, MostClientTransactions);

    public List<Binding> Bindings { get; } = new(1);

    /// <summary>Of the digests seen here; null before the first.</summary>
    public NonceUses? NonceUses { get; set; }

    public bool HasEnded { get; set; }

    /// <summary>Accepted, on the edge's clock like every time here.</summary>
    public long OpenedMs { get; }

    /// <summary>Handshake done; 0 before.</summary>
    public long SecuredMs { get; set; }

    public bool SawRequest { get; set; }

    /// <summary>When the unfinished message at the front began; 0 without one.</summary>
    public long MessageBegunMs { get; set; }

    public long LastInboundMs { get; set; }

    public long LastPingMs { get; set; }

    /// <summary>Since when no account is bound; 0 while one is.</summary>
    public long UnboundSinceMs { get; set; }

    /// <summary>Whether a client that keeps alive as RFC 5626 asks is registered here.</summary>
    public bool IsOutbound { get; private set; }

    /// <summary>When the sweep has to look at this connection again.</summary>
    public long DueMs
    {
        get => _due.Ms;
        set => _due.Ms = value;
    }

    /// <summary>Where that stands, from when it is in the table until it is out of it.</summary>
    public ref DueTimes.Place Due => ref _due;

    /// <summary>Finds where messages begin and end.</summary>
    public ref SipFramer Framer => ref _framer;

    /// <summary>The account's binding, bound or about to be; null without one.</summary>
    public Binding? Find(ReadOnlySpan<byte> user)
    {
        foreach (Binding binding in Bindings)
        {
            if (user.SequenceEqual(binding.UserUtf8)) return binding;
        }

        return null;
    }

    /// <inheritdoc cref="Find(ReadOnlySpan{byte})"/>
    public Binding? Find(string user)
    {
        foreach (Binding binding in Bindings)
        {
            if (binding.User == user) return binding;
        }

        return null;
    }

    /// <summary>A binding was bound, changed or removed.</summary>
    public void BindingsChanged(long nowMs)
    {
        bool bound = false, outbound = false;
        foreach (Binding binding in Bindings)
        {
            bound |= binding.IsBound;
            outbound |= binding.IsBound && binding.Contact.IsOutbound;
        }

        IsOutbound = outbound;
        Connection.IsRegistered = bound;
        if (bound) UnboundSinceMs = 0;
        else if (UnboundSinceMs == 0) UnboundSinceMs = nowMs;
        DueMs = 0;
    }

    /// <summary>The sweep must look at it at this time, or before.</summary>
    public void DueBy(long timeMs)
    {
        if (timeMs < DueMs) DueMs = timeMs;
    }
}
