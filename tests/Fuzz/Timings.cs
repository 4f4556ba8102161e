using System.Diagnostics;
using System.Numerics;

namespace Fuzz;

/// <summary>How long each of very many runs took: the median to a 16th of its value, and the slowest with their numbers.</summary>
internal sealed class Timings
{
    private const int Kept = 4_096;   // most of the slowest were so because the machine did something else: the ones that truly are must be among so many
    private const int Parts = 16;

    private readonly long[] _counts = new long[64 * Parts];
    private readonly PriorityQueue<ulong, long> _slowest = new();

    public long Count { get; private set; }

    /// <summary>Numbers of the slowest runs.</summary>
    public IEnumerable<ulong> Slowest => _slowest.UnorderedItems.OrderByDescending(static item => item.Priority).Select(static item => item.Element);

    public void Add(ulong number, long ticks)
    {
        Count++;
        _counts[Slot(ticks)]++;
        if (_slowest.Count < Kept) _slowest.Enqueue(number, ticks);
        else if (_slowest.TryPeek(out _, out long least) && ticks > least) _slowest.EnqueueDequeue(number, ticks);
    }

    public void Add(Timings other)
    {
        Count += other.Count;
        for (int i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        foreach ((ulong number, long ticks) in other._slowest.UnorderedItems) _slowest.Enqueue(number, ticks);
        while (_slowest.Count > Kept) _slowest.Dequeue();
    }

    public TimeSpan Median()
    {
        long left = Count / 2;
        for (int slot = 0; slot < _counts.Length; slot++)
        {
            left -= _counts[slot];
            if (left < 0) return Stopwatch.GetElapsedTime(0, Least(slot));
        }

        return TimeSpan.Zero;
    }

    private static int Slot(long ticks)
    {
        if (ticks < Parts) return (int)Math.Max(0, ticks);
        int power = BitOperations.Log2((ulong)ticks);
        return (power * Parts) + (int)((ticks >> (power - 4)) & (Parts - 1));
    }

    private static long Least(int slot) => slot < Parts ? slot : (1L << (slot / Parts)) + ((long)(slot % Parts) << ((slot / Parts) - 4));
}
