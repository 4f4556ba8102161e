namespace Api.Grpc.EdgeLink;

/// <summary>Keeps events of one flow and account in the order in which they came, although each takes several steps in the store.</summary>
/// <remarks>
/// Without it the end of a connection could overtake its registration and leave a binding to a flow that is gone, and a client's messages,
/// sent without waiting for answers, could change places. Other flows do not wait. One reader uses it.
/// </remarks>
internal sealed class FlowOrder
{
    /// <summary>More entries than events can be under way: then the finished ones are taken out.</summary>
    private const int MostEntries = 4_096;

    private readonly Dictionary<(ulong Flow, string User), Task<bool>> _last = [];

    /// <summary>What has to end before the next event of this flow and account begins; null if nothing has. Its result: whether the store answered.</summary>
    public Task<bool>? Before(ulong flow, string user) => _last.TryGetValue((flow, user), out Task<bool>? last) && !last.IsCompleted ? last : null;

    /// <summary>Enters an event that is under way.</summary>
    public void Enter(ulong flow, string user, Task<bool> running)
    {
        if (running.IsCompleted) return;
        if (_last.Count >= MostEntries)
        {
            foreach (((ulong, string) key, Task<bool> last) in _last)
            {
                if (last.IsCompleted) _last.Remove(key);   // allowed while enumerating a dictionary
            }
        }

        _last[(flow, user)] = running;
    }
}
