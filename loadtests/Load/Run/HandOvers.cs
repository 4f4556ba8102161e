using Load.Engine;
using Load.Scenarios;

namespace Load.Run;

/// <summary>Sends by POST and gRPC for the loop's thread: what it begins here ends there, on that thread again.</summary>
internal sealed class HandOvers(HttpPool pool, HttpPlan plan, int mostWaiting, EventLoop loop, Func<VirtualUser, byte[]> password) : IDisposable
{
    private readonly Queue<Waiting> _waiting = new();
    private int _underWay;

    /// <summary>What each one came to; set once, before the first.</summary>
    public Action<int, HandOver, long> Ended { get; set; } = static (_, _, _) => { };

    /// <summary>Whether any message has gone this way.</summary>
    public bool IsUsed { get; private set; }

    /// <returns>False if too many wait already.</returns>
    public bool TryBegin(Way way, int sequence, VirtualUser sender, Guid id, string recipient, byte[] text)
    {
        IsUsed = true;
        Waiting one = new(way, sequence, sender, id, recipient, text);
        if (_underWay < plan.InFlight)
        {
            Begin(one);
            return true;
        }

        if (_waiting.Count >= mostWaiting) return false;
        _waiting.Enqueue(one);
        return true;
    }

    /// <summary>The value of an Authorization header, without its scheme.</summary>
    public string CredentialsOf(VirtualUser user) => Convert.ToBase64String([.. user.Name, (byte)':', .. password(user)]);

    public void Dispose() => pool.Dispose();

    private void Begin(Waiting one)
    {
        _underWay++;
        string credentials = CredentialsOf(one.Sender);
        _ = Task.Run(async () =>
        {
            HandOver result = await pool.SendAsync(one.Way, one.Sender.Index, credentials, one.Id, one.Recipient, one.Text).ConfigureAwait(false);
            long now = Clock.NowNs;
            loop.Post(() => End(one.Sequence, result, now));
        });
    }

    private void End(int sequence, HandOver result, long nowNs)
    {
        _underWay--;
        if (_waiting.TryDequeue(out Waiting? next)) Begin(next);
        Ended(sequence, result, nowNs);
    }

    private sealed record Waiting(Way Way, int Sequence, VirtualUser Sender, Guid Id, string Recipient, byte[] Text);
}
