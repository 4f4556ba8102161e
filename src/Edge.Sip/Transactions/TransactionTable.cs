using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>What became of a request that came in.</summary>
internal enum ServerStart
{
    /// <summary>Seen for the first time: handle it, then <see cref="TransactionTable{TOwner}.EndServer"/>.</summary>
    New,

    /// <summary>The same request is still being handled: absorb it (RFC 3261 §17.2.2, Trying).</summary>
    Repeat,

    /// <summary>Too many are being handled on this connection: 503.</summary>
    Full,
}

/// <summary>The transactions of one connection. Bounded; used by the connection's owner alone, so without a lock.</summary>
/// <remarks>
/// Over TLS timers J and K are 0 s: a transaction leaves with its final response, and a request repeated after that is a new one,
/// which the core's idempotency answers alike. An idle connection costs this object alone: the tables come with the first use.
/// </remarks>
/// <typeparam name="TOwner">Whoever waits for the response to a request of ours.</typeparam>
internal sealed class TransactionTable<TOwner>(int mostServer = 64, int mostClient = 64)
    where TOwner : class
{
    private Dictionary<TransactionKey, TxState>? _server;
    private Dictionary<TransactionKey, Waiting>? _client;

    /// <summary>Requests being handled.</summary>
    public int ServerCount => _server?.Count ?? 0;

    /// <summary>Requests of ours without a final response.</summary>
    public int ClientCount => _client?.Count ?? 0;

    /// <summary>Whether such a request has come in and is not answered yet.</summary>
    public bool IsServing(TransactionKey key) => _server?.ContainsKey(key) == true;

    /// <summary>A request came in whose answer takes time.</summary>
    public ServerStart BeginServer(TransactionKey key)
    {
        _server ??= new Dictionary<TransactionKey, TxState>(1);
        if (_server.TryGetValue(key, out TxState state))
        {
            (_server[key], _) = NonInviteServer.Step(state, TxEvent.Repeat);
            return ServerStart.Repeat;
        }

        if (_server.Count >= mostServer) return ServerStart.Full;
        _server.Add(key, TxState.Trying);
        return ServerStart.New;
    }

    /// <summary>The final response is at hand.</summary>
    /// <returns>Whether to send it: false if the transaction is not there (any more).</returns>
    public bool EndServer(TransactionKey key)
    {
        if (_server is null || !_server.Remove(key, out TxState state)) return false;   // J is 0 s: completed and gone at once
        (_, TxEffect effect) = NonInviteServer.Step(state, TxEvent.Final);
        return effect.HasFlag(TxEffect.Send);
    }

    /// <summary>A request of ours goes out; timer F starts.</summary>
    /// <param name="now">Monotonic time, the same clock as in <see cref="TryTakeExpired"/>.</param>
    /// <returns>False if too many wait on this connection, or one with this key does.</returns>
    public bool TryBeginClient(TransactionKey key, TOwner owner, TimeSpan now)
    {
        _client ??= new Dictionary<TransactionKey, Waiting>(1);
        return _client.Count < mostClient && _client.TryAdd(key, new Waiting(owner, TxState.Trying, now + SipTimers.F));
    }

    /// <summary>A response came in. One that matches nothing, or came on another connection than its request, is dropped.</summary>
    /// <param name="owner">Whoever waits; told of a provisional response too. After a final one the transaction is gone.</param>
    public bool TryTakeResponse(in SipResponse response, in SipResponseFields fields, out TOwner? owner)
    {
        owner = null;
        if (_client is null) return false;
        TransactionKey key = TransactionKey.OfResponse(fields);
        if (!_client.TryGetValue(key, out Waiting waiting)) return false;
        (TxState next, TxEffect effect) = NonInviteClient.Step(waiting.State, response.IsFinal ? TxEvent.Final : TxEvent.Provisional);
        if (next == TxState.Completed) _client.Remove(key);   // K is 0 s
        else _client[key] = waiting with { State = next };
        owner = waiting.Owner;
        return effect.HasFlag(TxEffect.TellOwner);
    }

    /// <summary>Takes one request of ours whose timer F has fired. Call until false.</summary>
    public bool TryTakeExpired(TimeSpan now, out TOwner? owner)
    {
        if (_client is not null)
        {
            foreach ((TransactionKey key, Waiting waiting) in _client)
            {
                if (waiting.Deadline > now) continue;
                return TryRemove(key, waiting, TxEvent.TimerF, out owner);
            }
        }

        owner = null;
        return false;
    }

    /// <summary>The connection ended: takes one request of ours that still waits. Call until false.</summary>
    public bool TryTakeLost(out TOwner? owner)
    {
        if (_client is not null)
        {
            foreach ((TransactionKey key, Waiting waiting) in _client) return TryRemove(key, waiting, TxEvent.TransportFailed, out owner);
        }

        owner = null;
        return false;
    }

    /// <summary>When the next timer F fires; null if none runs.</summary>
    public TimeSpan? NextDeadline()
    {
        TimeSpan? next = null;
        if (_client is null) return next;
        foreach (Waiting waiting in _client.Values)
        {
            if (next is null || waiting.Deadline < next) next = waiting.Deadline;
        }

        return next;
    }

    private bool TryRemove(TransactionKey key, Waiting waiting, TxEvent happened, out TOwner? owner)
    {
        _client!.Remove(key);
        owner = waiting.Owner;
        return NonInviteClient.Step(waiting.State, happened).Do.HasFlag(TxEffect.TellOwner);
    }

    private readonly record struct Waiting(TOwner Owner, TxState State, TimeSpan Deadline);
}
