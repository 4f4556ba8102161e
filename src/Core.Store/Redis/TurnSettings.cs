using System.Globalization;
using System.Text;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Telling;
using Microsoft.Extensions.Options;

namespace Core.Store.Redis;

/// <summary>Makes the <see cref="Moment"/> of a call.</summary>
internal sealed class TurnSettings(ILimits limits, IOptions<CoreStoreOptions> options, TimeProvider time)
{
    private readonly CoreStoreOptions _options = options.Value;
    private Written? _last;

    /// <summary>Now, with the limits in force.</summary>
    public Moment Now() => new(Text(), time.GetUtcNow().ToUnixTimeMilliseconds());

    private byte[] Text()
    {
        QueueLimits queue = limits.Current.Queue;
        Written? last = _last;
        if (last is null || last.Queue != queue) _last = last = new Written(queue, Write(queue));   // nearly always the same as for the last call
        return last.Text;
    }

    private byte[] Write(QueueLimits queue) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{queue.PerRecipient} {queue.PerSender} {Teller.MostReceipts} {Ms(MailboxWriter.LookAgainAfter)} {Ms(_options.OutcomeLifetime)} {Ms(MailboxWriter.RecordGrace)} {Ms(Teller.LookAfter)}"));

    private static long Ms(TimeSpan time) => (long)time.TotalMilliseconds;

    private sealed record Written(QueueLimits Queue, byte[] Text);
}
