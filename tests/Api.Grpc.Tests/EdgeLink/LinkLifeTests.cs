using System.Diagnostics.Metrics;
using Api.Grpc.EdgeLink;
using Api.Grpc.Tests.Support;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>How long a link lives and what it says by itself: heartbeats, silence, an edge that stops reading, new nonce keys; pushes that are not sent.</summary>
public sealed class LinkLifeTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 3_600) + 1) * 3_600 - 60));   // a minute before the hour
    private readonly TestCertificates _certificates = new();
    private readonly MeterListener _listener = new();
    private RedisServer _redis = null!;
    private TestCore _core = null!;
    private long _dropped;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _core = await TestCore.StartAsync(
            _redis.Endpoint, _certificates, services => services.AddSingleton<TimeProvider>(_time), "Link:MaxQueuedEvents=200", "Link:MaxEventsUnderWay=100", "Link:MaxQueuedBytes=4000000");
        IMeterFactory meters = _core.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "edge.link.pushes.dropped") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _dropped, value));
        _listener.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _core.DisposeAsync();
        await _redis.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Core_NothingToSayForFiveSeconds_SendsAHeartbeat()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        Task<CoreEvent> heartbeat = link.NextAsync(CoreEvent.EventOneofCase.Heartbeat);
        await MoveAsync(4 * Second);
        Assert.False(heartbeat.IsCompleted);
        await MoveUntilAsync(() => heartbeat.IsCompleted, 3 * Second);
    }

    [Fact]
    public async Task Edge_SilentFor15Seconds_LinkEnds()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        await MoveAsync(14 * Second);
        Assert.False(link.Ended.IsCompleted);
        await MoveUntilAsync(() => link.Ended.IsCompleted, 3 * Second);
    }

    [Fact]
    public async Task Edge_Heartbeats_KeepTheLink()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        for (int i = 0; i < 10; i++)
        {
            await BeatAsync(link);
            await MoveAsync(5 * Second);
        }

        Assert.False(link.Ended.IsCompleted);
    }

    [Fact]
    public async Task Hello_Twice_LinkEnds()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        await link.SendAsync(link.Hello());
        await link.Ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Keys_TheHourTurns_ArePushedWithTheLastOnesBehind()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        Task<CoreEvent> pushed = link.NextAsync(CoreEvent.EventOneofCase.NonceKeys);
        for (int i = 0; i < 20 && !pushed.IsCompleted; i++)
        {
            await BeatAsync(link);
            await MoveAsync(5 * Second);
        }

        NonceKeys keys = (await pushed).NonceKeys;
        Assert.Equal(2, keys.Keys.Count);
        Assert.NotEqual(link.Welcome.NonceKeys.Keys[0], keys.Keys[0]);
        Assert.Equal(link.Welcome.NonceKeys.Keys[0], keys.Keys[1]);
        SessionTicketKeys tickets = (await link.NextAsync(CoreEvent.EventOneofCase.SessionTicketKeys)).SessionTicketKeys;
        Assert.NotEqual(link.Welcome.SessionTicketKeys.Keys[0], tickets.Keys[0]);
        Assert.Equal(link.Welcome.SessionTicketKeys.Keys[0], tickets.Keys[1]);
        Assert.All(tickets.Keys, static key => Assert.Equal(32, key.Length));
        Assert.Empty(tickets.Keys.Intersect(keys.Keys));
    }

    [Fact]
    [Spec("N.sip")]
    public async Task Edge_MessageOver128KiB_LinkEnds()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        EdgeEvent Padded(int bytes) => new() { Register = new Register { Request = 1, User = new string('u', bytes) } };
        await link.SendAsync(Padded(128 * 1_024 - 200));
        Assert.Equal(RegisterOutcome.BadCredentials, (await link.NextAsync(CoreEvent.EventOneofCase.Registered)).Registered.Outcome);
        await link.TrySendAsync(Padded(128 * 1_024));
        await link.Ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    [Spec("P7")]
    public async Task Edge_ReadsNothing_PushesAreDroppedAndCountedAndTheLinkEnds()
    {
        await using TestLink link = await TestLink.ConnectAsync(_core);
        link.StopReading();
        EdgeDirectory edges = _core.Services.GetRequiredService<EdgeDirectory>();
        FlowId flow = new("edge-1", link.Welcome.Epoch, 1);
        for (int i = 0; i < 5_000 && Interlocked.Read(ref _dropped) == 0; i++) edges.Push(flow, RedisCore.Address("bob"), FullPage);
        Assert.Equal(1, Interlocked.Read(ref _dropped));

        for (int second = 0; second < 14; second++)   // it talks, and for long enough its silence is not what ends it
        {
            await BeatAsync(link);
            await MoveAsync(Second);
        }

        Assert.True(edges.Reaches(flow));
        for (int second = 0; second < 5 && edges.Reaches(flow); second++)
        {
            await link.TrySendAsync(new EdgeEvent { Heartbeat = new Heartbeat() });
            await MoveAsync(Second);
        }

        await Until.TrueAsync(() => !edges.Reaches(flow), "the link is gone");
    }

    [Fact]
    public async Task Push_ForASupersededEpoch_IsNotSent()
    {
        await using TestLink old = await TestLink.ConnectAsync(_core);
        await using TestLink link = await TestLink.ConnectAsync(_core);
        EdgeDirectory edges = _core.Services.GetRequiredService<EdgeDirectory>();
        FlowId gone = new("edge-1", old.Welcome.Epoch, 1);
        Assert.False(edges.Reaches(gone));
        edges.Push(gone, RedisCore.Address("bob"), FullPage);
        edges.Push(gone with { Epoch = link.Welcome.Epoch, Flow = 2 }, RedisCore.Address("bob"), FullPage);
        Assert.Equal(2ul, (await link.NextAsync(CoreEvent.EventOneofCase.Page)).Page.Flow);
    }

    private static MailboxPage FullPage { get; } = new(0, 9, false, [.. Enumerable.Range(1, 9).Select(sequence => new QueuedMessage(
        new MessageKey(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("bob")), sequence, 0, 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, new byte[4_096]))]);

    private static Task BeatAsync(TestLink link) => link.SendAsync(new EdgeEvent { Heartbeat = new Heartbeat() });

    private async Task MoveAsync(TimeSpan by)
    {
        for (TimeSpan moved = TimeSpan.Zero; moved < by; moved += Second)
        {
            _time.Advance(Second);
            await Task.Delay(5);   // for the timers' own tasks
        }
    }

    private async Task MoveUntilAsync(Func<bool> condition, TimeSpan most)
    {
        for (TimeSpan moved = TimeSpan.Zero; !condition() && moved < most; moved += Second) await MoveAsync(Second);
        await Until.TrueAsync(condition, $"within {most} of the core's time");
    }
}
