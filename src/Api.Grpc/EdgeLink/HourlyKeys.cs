using Core.Store.Envelopes;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>Keys that change with the hour and that every core derives alike.</summary>
/// <param name="purpose">Of the derivation.</param>
internal sealed class HourlyKeys(IDerivedKeys keys, TimeProvider time, string purpose)
{
    private volatile Derived? _derived;

    /// <summary>Number of the hour: when it changes, edges get new keys.</summary>
    public long Hour => time.GetUtcNow().ToUnixTimeSeconds() / 3_600;

    /// <summary>Of this hour.</summary>
    public byte[] Now => Current.Now;

    /// <summary>Of the hour before.</summary>
    public byte[] Before => Current.Before;

    /// <summary>Of the hour to come: some core's clock may be ahead.</summary>
    public byte[] Next => Current.Next;

    /// <summary>For edges: this hour's and the last one's.</summary>
    public IEnumerable<ByteString> NewestFirst()
    {
        Derived current = Current;
        return [ByteString.CopyFrom(current.Now), ByteString.CopyFrom(current.Before)];
    }

    private Derived Current
    {
        get
        {
            long hour = Hour;
            if (_derived is { } known && known.Hour == hour) return known;
            Derived derived = new(hour, keys.Derive($"{purpose} {hour}"), keys.Derive($"{purpose} {hour - 1}"), keys.Derive($"{purpose} {hour + 1}"));
            _derived = derived;
            return derived;
        }
    }

    private sealed record Derived(long Hour, byte[] Now, byte[] Before, byte[] Next);
}
