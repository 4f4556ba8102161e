using Core.Store.Mailboxes;

namespace Core.Store.Telling;

/// <summary>Pauses between the sweeper's looks at what a partition has to tell: doubled while it cannot all be told, as when receipts find Redis' memory full.</summary>
internal sealed class TellingPauses(TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly (TimeSpan Pause, long Began)[] _pauses = new (TimeSpan, long)[StoreNames.Partitions];

    public bool IsOver(int partition) => time.GetElapsedTime(_pauses[partition].Began) >= _pauses[partition].Pause;

    public void Lengthen(int partition)
    {
        TimeSpan pause = TimeSpan.FromTicks(Math.Clamp(2 * _pauses[partition].Pause.Ticks, Teller.LookAfter.Ticks, Longest.Ticks));
        _pauses[partition] = (pause, time.GetTimestamp());
    }

    public void End(int partition) => _pauses[partition] = default;
}
