namespace Load.FaultyServer;

/// <summary>What one user is to get, in order; whoever puts something in also delivers it.</summary>
internal sealed class Mailbox(string user, TimeSpan validity)
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Stored> _waiting = [];
    private Stored? _held;
    private Peer? _peer;

    /// <summary>The user's newest connection; it gets what waits.</summary>
    public async Task OpenAsync(Peer peer)
    {
        await _gate.WaitAsync();
        try
        {
            if (ReferenceEquals(_peer, peer)) return;   // a refresh
            _peer = peer;
            foreach (Stored message in _waiting) await peer.WriteAsync(message.ToBytes(user, validity));
            _waiting.RemoveAll(static message => !message.IsKept);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the user's connection; what comes meanwhile waits.</summary>
    public void Cut() => Interlocked.Exchange(ref _peer, null)?.Cut();

    /// <summary>Holds a message back for the next one to overtake it; if none comes soon, it goes by itself.</summary>
    public async Task HoldAsync(Stored message, TimeSpan most, CancellationToken cancellationToken)
    {
        Stored? before = Interlocked.Exchange(ref _held, message);
        if (before is not null) await PutAsync(before);
        await Task.Delay(most, cancellationToken);
        if (Interlocked.CompareExchange(ref _held, null, message) == message) await PutAsync(message);
    }

    /// <summary>Delivers a message; one that is held goes first, or, if this one comes late enough, after it.</summary>
    /// <returns>The id of the one that was overtaken; the default for none.</returns>
    public async Task<Guid> PutAsync(Stored message, TimeSpan swapAfter = default)
    {
        Stored? held = swapAfter > TimeSpan.Zero ? Interlocked.Exchange(ref _held, null) : null;
        bool overtakes = held is not null && message.AcceptedAt - held.AcceptedAt >= swapAfter;
        await _gate.WaitAsync();
        try
        {
            foreach (Stored? one in overtakes ? (Stored?[])[message, held] : [held, message])
            {
                if (one is not null && (!await TryWriteAsync(one) || one.IsKept)) _waiting.Add(one);
            }
        }
        finally
        {
            _gate.Release();
        }

        return overtakes ? held!.Id : default;
    }

    /// <returns>False if nobody is there, or not any more.</returns>
    private async Task<bool> TryWriteAsync(Stored message)
    {
        if (_peer is null) return false;
        try
        {
            await _peer.WriteAsync(message.ToBytes(user, validity));
            return true;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            _peer = null;
            return false;
        }
    }
}
