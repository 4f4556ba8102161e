using System.Diagnostics.Metrics;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Testing.Shared;

namespace Core.Store.Tests.Limits;

/// <summary>The limits file while the core runs: edited, broken, mended; and what the store makes of it.</summary>
[Spec("S5", "N.quotas")]
public sealed class CurrentLimitsTests(RedisFixture fixture) : StoreTest(fixture), IClassFixture<RedisFixture>
{
    private readonly LogLines _log = new();

    [Fact]
    [Spec("E.quota")]
    public async Task Edited_QueueQuota_InForceWithinTwoSecondsAndLogged()
    {
        using LimitsOnDisk file = new("""{"queue": {"perSender": 1}}""");
        TestCore core = await StartAsync(file);
        Assert.Equal(AcceptOutcome.Accepted, (await core.Store.AcceptAsync(Message(Alice, Bob, "one"))).Outcome);
        Assert.Equal(AcceptOutcome.QueueFull, (await core.Store.AcceptAsync(Message(Alice, Bob, "two"))).Outcome);

        file.Write("""{"queue": {"perSender": 2}, "pair": {"burst": 7}}""");
        await PassTwoSecondsAsync(() => core.Get<ILimits>().Current.Queue.PerSender == 2);
        Assert.Equal(AcceptOutcome.Accepted, (await core.Store.AcceptAsync(Message(Alice, Bob, "two"))).Outcome);
        Assert.Equal("Limits changed: queue.perSender 1 -> 2, pair.burst 500 -> 7", Assert.Single(_log.Lines, l => l.Id.Name == "LimitsChanged").Text.Trim());
    }

    [Fact]
    [Spec("B2")]
    public async Task Edited_TriesAndInterval_CountForTheNextFailure()
    {
        using LimitsOnDisk file = new("{}");
        TestCore core = await StartAsync(file);
        await RegisterAsync(Flow(1));
        MessageKey key = await AcceptedAsync("hi");
        file.Write("""{"delivery": {"tries": 2, "retrySeconds": 300}}""");
        await PassTwoSecondsAsync(() => core.Get<ILimits>().Current.Delivery.Tries == 2);

        await core.Store.FailAsync(key, Flow(1), attempt: 1);
        Time.Advance(TimeSpan.FromSeconds(299));
        Assert.Empty((await core.Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Assert.Single((await core.Store.ReadPageAsync(Bob, Flow(1), 0)).Messages).Attempt);
        await core.Store.FailAsync(key, Flow(1), attempt: 2);   // the last one now
        Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Empty((await core.Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
    }

    [Fact]
    public async Task Edited_Broken_OldLimitsStayToldOncePerChangeAndByMetric()
    {
        using LimitsOnDisk file = new("""{"queue": {"perSender": 3}}""");
        TestCore core = await StartAsync(file);
        CurrentLimits limits = core.Get<CurrentLimits>();
        file.Write("""{"queue": {"perSender": 0}}""");
        await PassTwoSecondsAsync(() => BrokenFiles() == 1);
        for (int i = 0; i < 5; i++) limits.Reread();
        Assert.Equal(3, limits.Current.Queue.PerSender);
        (EventId _, LogLevel level, string text) = Assert.Single(_log.Lines, l => l.Id.Name == "LimitsKept");
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains("queue.perSender must be a whole number from 1 to 10000", text, StringComparison.Ordinal);

        file.Write("{");
        limits.Reread();
        Assert.Equal(2, _log.Lines.Count(l => l.Id.Name == "LimitsKept"));
        File.Delete(file.Path);
        limits.Reread();
        Assert.Equal(3, _log.Lines.Count(l => l.Id.Name == "LimitsKept"));
        Assert.Equal(3, limits.Current.Queue.PerSender);

        file.Write("""{"queue": {"perSender": 4}}""");
        limits.Reread();
        Assert.Equal((4, 0), (limits.Current.Queue.PerSender, BrokenFiles()));
    }

    [Fact]   // how mounted configuration is replaced
    public async Task LinkTurnedToAnotherFile_Taken()
    {
        using LimitsOnDisk one = new("""{"queue": {"perSender": 1}}""");
        using LimitsOnDisk two = new("""{"queue": {"perSender": 22}}""");
        string link = $"{one.Path}.link";
        File.CreateSymbolicLink(link, one.Path);
        TestCore core = await StartCoreAsync("core-2", logs: _log, settings: [("LimitsFile", link)]);
        File.Delete(link);
        File.CreateSymbolicLink(link, two.Path);
        await PassTwoSecondsAsync(() => core.Get<ILimits>().Current.Queue.PerSender == 22);
    }

    [Fact]
    public async Task Start_FaultyFile_RefusedWithEveryFault()
    {
        using LimitsOnDisk file = new("""{"queue": {"perSender": 0}, "colour": 1}""");
        OptionsValidationException refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(file));
        Assert.All(["LimitsFile", "queue.perSender", "colour"], word => Assert.Contains(word, refused.Message, StringComparison.Ordinal));
    }

    [Fact]   // a sender over its rate: a repeat gets its state, and nothing is stored
    [Spec("D.one-id", "P3")]
    public async Task FindRepeated_KnownOtherOrNew_StateReusedOrNull()
    {
        NewMessage message = Message(Alice, Bob, "hi");
        Assert.Null(await Store.FindRepeatedAsync(message));
        Assert.Null(await Store.FindAsync(Alice, message.MessageId));
        await Store.AcceptAsync(message);
        Acceptance known = (await Store.FindRepeatedAsync(message))!;
        Assert.Equal((AcceptOutcome.Repeated, MessageState.Enqueued), (known.Outcome, known.Status!.State));
        Assert.Equal(AcceptOutcome.IdReused, (await Store.FindRepeatedAsync(Message(Alice, Bob, "ho", message.MessageId)))!.Outcome);
        Assert.Equal(AcceptOutcome.IdReused, (await Store.FindRepeatedAsync(Message(Alice, Carol, "hi", message.MessageId)))!.Outcome);
        Assert.Null(await Store.FindRepeatedAsync(Message(Carol, Bob, "hi", message.MessageId)));
    }

    [Fact]   // exact, whatever number of cores
    public async Task Accept_TwoCoresAtOnce_ExactlyTheQuota()
    {
        TestCore other = await StartCoreAsync("core-2");
        Acceptance[] all = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? Core : other).Store.AcceptAsync(Message(Alice, Bob, $"{i}"))));
        Assert.Equal((100, 100), (all.Count(a => a.Outcome == AcceptOutcome.Accepted), all.Count(a => a.Outcome == AcceptOutcome.QueueFull)));
        Assert.Equal(100, await Core.Redis.SortedSetLengthAsync(RedisKeys.Mailbox(Core.Names.Account(Bob))));
    }

    private Task<TestCore> StartAsync(LimitsOnDisk file) => StartCoreAsync("core-2", logs: _log, settings: [("LimitsFile", file.Path)]);

    /// <summary>Moves the clock by two seconds; the file is read on a thread of its own.</summary>
    private async Task PassTwoSecondsAsync(Func<bool> happened)
    {
        for (int second = 0; second < 2; second++) Time.Advance(TimeSpan.FromSeconds(1));
        await EventuallyAsync(() => Task.FromResult(happened()), "the file is read");
    }

    private static int BrokenFiles()
    {
        int broken = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "edge.limits.file.broken") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => broken += value);
        listener.Start();
        listener.RecordObservableInstruments();
        return broken;
    }
}
