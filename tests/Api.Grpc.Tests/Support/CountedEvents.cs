using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Grpc.Tests.Support;

/// <summary>What one core, and its store, has counted since this was made.</summary>
public sealed class CountedEvents : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Counter, string Tags, long By)> _seen = new();

    public CountedEvents(TestCore core)
    {
        IMeterFactory meters = core.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, by, tags, _) => _seen.Enqueue((instrument.Name, Text(tags), by)));
        _listener.Start();
    }

    /// <param name="counter">Its name.</param>
    /// <param name="tags">Values of its tags, in order, parted by blanks; null for whatever they are.</param>
    public long Of(string counter, string? tags = null) => _seen.Where(seen => seen.Counter == counter && (tags is null || seen.Tags == tags)).Sum(seen => seen.By);

    public void Dispose() => _listener.Dispose();

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(tag => tag.Value));
}
