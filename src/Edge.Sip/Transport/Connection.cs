using System.Net;

namespace Edge.Sip.Transport;

/// <summary>One TLS connection of a client, whatever carries it.</summary>
/// <param name="flow">Its number: rises with every connection, never reused while the process lives.</param>
/// <param name="peer">Where it comes from.</param>
internal abstract class Connection(ulong flow, IPEndPoint peer)
{
    private int _reason;

    public ulong Flow { get; } = flow;

    public IPEndPoint Peer { get; } = peer;

    /// <summary>Guards everything its owner keeps about it. Held for computing only: sending and ending never block.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What the handler keeps about it; set when it is accepted.</summary>
    public object? Owner { get; set; }

    /// <summary>Whether an account is registered on it: it may then have more queued.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>Why it ended, or is ending; <see cref="EndReason.None"/> while it lives.</summary>
    public EndReason Reason => (EndReason)Volatile.Read(ref _reason);

    /// <summary>TLS version and IANA's name of the cipher suite. Only while the handler is told of bytes: then the session lives.</summary>
    public abstract (string Version, string CipherSuite) Tls { get; }

    /// <summary>Queues bytes. Whatever piles up while a write is under way, or within one turn of the handler, leaves in one TLS write.</summary>
    /// <remarks>Never blocks, never throws. A queue over its bound ends the connection: <see cref="EndReason.SlowReader"/>.</remarks>
    public abstract void Send(ReadOnlySpan<byte> bytes);

    /// <summary>Ends it at once. Only the first reason counts.</summary>
    public abstract void End(EndReason reason);

    /// <summary>Writes what is queued, says close_notify, then closes; a peer that does not read is given a second.</summary>
    public abstract void EndAfterSending(EndReason reason);

    /// <summary>Most bytes queued for it.</summary>
    protected int MostQueued(SipOptions options) => IsRegistered ? options.OutgoingBytes : Math.Min(options.OutgoingBytes, options.UnregisteredOutgoingBytes);

    /// <summary>The first caller's reason stands.</summary>
    protected bool TryEnd(EndReason reason) => Interlocked.CompareExchange(ref _reason, (int)reason, (int)EndReason.None) == (int)EndReason.None;
}
