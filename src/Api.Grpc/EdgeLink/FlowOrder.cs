namespace Api.Grpc.EdgeLink;

/// <summary>Keeps registrations, renewals and ends of one flow and account in the order in which they came, although each may await the account first.</summary>
/// <remarks>Without it the end of a connection could overtake its registration and leave a binding to a flow that is gone. One reader uses it.</remarks>
internal sealed class FlowOrder
{
    /// <summary>More entries than events can be under way: then the finished ones are taken out.</summary>
    private const int MostEntries = 4_096;

    private readonly Dictionary<(ulong Flow, string User), Task> _last = [];

    /// <summary>What has to end before the next event of this flow and account begins; null if nothing has.</summary>
    public Task? Before(ulong flow, string user) => _last.TryGetValue((flow, user), out Task? last) && !last.IsCompleted ? last : null;

    /// <summary>Enters an event that is under way.</summary>
    public void Enter(ulong flow, string user, Task running)
    {
        if (running.IsCompleted) return;
        if (_last.Count >= MostEntries)
        {
            foreach (((ulong, string) key, Task last) in _last)
            {
                if (last.IsCompleted) _last.Remove(key);   // allowed while enumerating a dictionary
            }
        }

        _last[(flow, user)] = running;
    }
}
