namespace Load.FaultyServer;

/// <summary>What one user is to get, in order; whoever puts something in also delivers it.</summary>
internal sealed class Mailbox(string user, TimeSpan validity)
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Stored> _waiting = [];
    private readonly List<Stored> _held = [];
    private Peer? _peer;

    /// <summary>The user's newest connection; it gets what waits.</summary>
    public async Task OpenAsync(Peer peer)
    {
        await _gate.WaitAsync();
        try
        {
            _peer = peer;
            foreach (Stored message in _waiting) await peer.WriteAsync(message.ToBytes(user, validity));
            _waiting.Clear();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Holds a message back, and all that follow soon, so that only those are out of order that are meant to be. If none follows later, they go in order.</summary>
    public async Task HoldAsync(Stored message, TimeSpan most, CancellationToken cancellationToken)
    {
        lock (_held) _held.Add(message);
        await Task.Delay(most, cancellationToken);
        Stored[] left;
        lock (_held)
        {
            if (!_held.Contains(message)) return;
            left = [.. _held];
            _held.Clear();
        }

        foreach (Stored one in left) await PutAsync(one);
    }

    /// <summary>Delivers a message. If one has been held for long enough, it comes first and those held behind it.</summary>
    /// <returns>The ids of those that were overtaken.</returns>
    public async Task<IReadOnlyList<Guid>> PutAsync(Stored message, TimeSpan swapAfter = default)
    {
        Stored[] overtaken = [];
        lock (_held)
        {
            if (_held.Count > 0 && swapAfter > TimeSpan.Zero)
            {
                if (message.AcceptedAt - _held[^1].AcceptedAt < swapAfter)
                {
                    _held.Add(message);
                    return [];
                }

                overtaken = [.. _held];
                _held.Clear();
            }
        }

        await _gate.WaitAsync();
        try
        {
            foreach (Stored one in (Stored[])[message, .. overtaken])
            {
                if (_peer is null) _waiting.Add(one);
                else await _peer.WriteAsync(one.ToBytes(user, validity));
            }
        }
        finally
        {
            _gate.Release();
        }

        return [.. overtaken.Select(static one => one.Id)];
    }
}
