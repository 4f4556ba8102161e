using System.Threading.Channels;

namespace Api.Grpc.Streams;

/// <summary>Says that there may be something to do; set any number of times before it is waited for, it wakes once.</summary>
internal sealed class StreamSignal
{
    private readonly Channel<byte> _one = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Never blocks and never runs the waiter on the caller's thread.</summary>
    public void Set() => _one.Writer.TryWrite(0);

    /// <summary>Waits until it is set, and resets it.</summary>
    public async ValueTask WaitAsync(CancellationToken cancel) => await _one.Reader.ReadAsync(cancel).ConfigureAwait(false);
}
