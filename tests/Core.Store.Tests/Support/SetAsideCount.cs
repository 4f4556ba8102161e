using System.Diagnostics.Metrics;

namespace Core.Store.Tests.Support;

/// <summary>What one core counts of records that it could not open.</summary>
internal sealed class SetAsideCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _keyUnknown;

    /// <param name="meters">Of the core.</param>
    public SetAsideCount(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "edge.records.set_aside") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Value is "key_unknown") Interlocked.Add(ref _keyUnknown, value);
            }
        });
        _listener.Start();
    }

    /// <summary>Those whose key is missing.</summary>
    public long KeyUnknown => Interlocked.Read(ref _keyUnknown);

    public void Dispose() => _listener.Dispose();
}
