using Api.Grpc.Diagnostics;
using Api.Grpc.Translation;
using Core.Store;
using Edge.Messages.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using StatusChange = Core.Store.StatusChange;

namespace Api.Grpc.Streams;

/// <summary>WatchMessages: tells a sender what becomes of its messages, in order, from a position that its token names.</summary>
/// <remarks>Truth is in Redis: hints only save waiting for the next read, which comes every 2 seconds.</remarks>
internal sealed class StatusWatch(IStatusFeed feed, IWakeups wakeups, StatusToken tokens, CoreMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(2);

    /// <summary>A response without changes is sent with the first read after so long: 30 s after the last.</summary>
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(29);

    /// <summary>The feed is kept for 7 days after it was last opened.</summary>
    private static readonly TimeSpan OpenAgainAfter = TimeSpan.FromDays(1);

    /// <summary>Tells until the stream ends.</summary>
    /// <exception cref="RefusedException">The token is not one of the account's.</exception>
    public async Task RunAsync(ClientStream stream, string resumeToken, IServerStreamWriter<WatchMessagesResponse> responses)
    {
        long after = 0;
        if (resumeToken.Length > 0 && !tokens.TryRead(resumeToken, stream.Account, out after))
            throw new RefusedException(Reason.BadToken, "The resume token is not one of this account's: open the stream without one, and ask GetMessage for what is still open.");

        StreamSignal mayHaveChanged = new();
        using IDisposable subscription = wakeups.Subscribe(stream.Account, mayHaveChanged.Set);
        long opened = time.GetTimestamp();
        long now = await feed.OpenAsync(stream.Account).ConfigureAwait(false);
        if (resumeToken.Length == 0) after = now;
        await using ITimer timer = time.CreateTimer(static s => ((StreamSignal)s!).Set(), mayHaveChanged, ReadAgainAfter, ReadAgainAfter);

        long? written = null;
        while (true)
        {
            StatusPage page = await feed.ReadAsync(stream.Account, after).ConfigureAwait(false);
            if (page.Reset && page.Upto == after)   // the list itself is gone, and with it what it kept
            {
                (opened, after) = (time.GetTimestamp(), await feed.OpenAsync(stream.Account).ConfigureAwait(false));
                page = page with { Upto = after };
            }

            after = page.Upto;
            if (page.Changes.Count > 0 || page.Reset || written is null || time.GetElapsedTime(written.Value) >= QuietFor)
            {
                await responses.WriteAsync(ToWire(stream, page), stream.Ended).ConfigureAwait(false);
                written = time.GetTimestamp();
                foreach (StatusChange change in page.Changes) metrics.ChangeTold(change.State);
            }

            if (page.More) continue;
            await mayHaveChanged.WaitAsync(stream.Ended).ConfigureAwait(false);
            if (time.GetElapsedTime(opened) < OpenAgainAfter) continue;
            opened = time.GetTimestamp();
            await feed.OpenAsync(stream.Account).ConfigureAwait(false);
        }
    }

    private WatchMessagesResponse ToWire(ClientStream stream, StatusPage page) => new()
    {
        Changes =
        {
            page.Changes.Select(static change => new Edge.Messages.V1.StatusChange
            {
                MessageId = change.MessageId.ToString("D"),
                State = ProtoMapping.ToWire(change.State),
                ChangeTime = Timestamp.FromDateTimeOffset(change.ChangeTime),
            }),
        },
        ResumeToken = tokens.Of(stream.Account, page.Upto),
        Reset = page.Reset,
    };
}
