using System.Runtime.InteropServices;

namespace Api.Grpc.Rates;

/// <summary>The generic cell rate algorithm for many keys, as the continuous-state leaky bucket of ITU-T I.371, annex A (docs/adr/0005).</summary>
/// <remarks>
/// A key's state is what it has used and when that was so, 16 bytes. Used tokens are kept, not the time at which they are back: a new rate then
/// counts at once for what was used under the old one. Not synchronised: its owner's lock is held around every call.
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="mostKeys">Most keys kept. Idle ones go when their number has doubled; if all are in use, a quarter of them begin afresh.</param>
internal sealed class RateTable<TKey>(TimeProvider time, int mostKeys) where TKey : notnull
{
    /// <summary>A millionth of a token: who waited to the microsecond must not be refused for the last digit.</summary>
    private const double Rounding = 1e-6;

    private const int LeastToClean = 64;

    private readonly Dictionary<TKey, Cell> _cells = [];
    private int _cleanAt = Math.Min(LeastToClean, mostKeys);

    /// <summary>Keys kept just now.</summary>
    public int Count => _cells.Count;

    /// <summary>How long until the key has a token; zero if it has one.</summary>
    public TimeSpan Wait(TKey key, Rate rate, long now)
    {
        if (!_cells.TryGetValue(key, out Cell cell)) return TimeSpan.Zero;
        double missing = Used(cell, rate, now) + 1 - rate.Burst;
        return missing <= Rounding ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / rate.PerSecond);
    }

    /// <summary>Uses a token, there or not: what is overdrawn has to come back too.</summary>
    public void Take(TKey key, Rate rate, long now)
    {
        if (_cells.Count >= _cleanAt && !_cells.ContainsKey(key)) Clean(rate, now);
        ref Cell cell = ref CollectionsMarshal.GetValueRefOrAddDefault(_cells, key, out _);
        cell = new Cell(Used(cell, rate, now) + 1, now);
    }

    private double Used(Cell cell, Rate rate, long now) =>
        cell.Used <= 0 ? 0 : Math.Max(0, cell.Used - (time.GetElapsedTime(cell.At, now).TotalSeconds * rate.PerSecond));

    /// <summary>Each new key pays for looking at two old ones on average, at most four.</summary>
    private void Clean(Rate rate, long now)
    {
        foreach ((TKey key, Cell cell) in _cells)
        {
            if (Used(cell, rate, now) <= Rounding) _cells.Remove(key);
        }

        if (_cells.Count >= mostKeys)
        {
            foreach (TKey key in _cells.Keys.Take((mostKeys / 4) + 1)) _cells.Remove(key);
        }

        _cleanAt = Math.Clamp(_cells.Count * 2, Math.Min(LeastToClean, mostKeys), mostKeys);
    }

    /// <param name="Used">Tokens used and not back.</param>
    /// <param name="At">The timestamp at which that was so.</param>
    private readonly record struct Cell(double Used, long At);
}
