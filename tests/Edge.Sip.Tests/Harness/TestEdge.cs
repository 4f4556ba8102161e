using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Edge.Sip.CoreLink;
using Edge.Sip.Sessions;
using Edge.Sip.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Harness;

/// <summary>A whole edge in this process with one core that is a fake, over real TLS on loopback.</summary>
internal sealed class TestEdge : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly ServiceProvider _services;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = new();
    private readonly List<IAsyncDisposable> _clients = [];
    private TimeSpan _sinceEvent;
    private bool _stopped;

    private TestEdge(TestPki pki, FakeCore core, ServiceProvider services, FakeTimeProvider? time, bool counts)
    {
        (Pki, Core, _services, Time) = (pki, core, services, time);
        if (!counts) return;
        IMeterFactory meters = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            Add(instrument.Name, value);
            foreach (KeyValuePair<string, object?> tag in tags) Add($"{instrument.Name}/{tag.Value}", value);
        });
        _listener.Start();
    }

    public TestPki Pki { get; }

    public FakeCore Core { get; }

    /// <summary>The second core, when the test has two.</summary>
    public FakeCore? OtherCore { get; private init; }

    /// <summary>The edge's clock, when the test moves it.</summary>
    public FakeTimeProvider? Time { get; }

    public EdgeNode Node => _services.GetRequiredService<EdgeNode>();

    public CoreLinks Links => _services.GetRequiredService<CoreLinks>();

    public int Port => _services.GetRequiredService<ITransport>().LocalEndPoint!.Port;

    public int Sessions => _services.GetRequiredService<SessionTable>().All.Count();

    /// <param name="settings">More configuration: <c>Sip:Window=2</c>.</param>
    /// <param name="moveTime">True: the clock stands until the test moves it.</param>
    /// <param name="host">As the edge calls the first core.</param>
    /// <param name="certificates">Replaces some before anything starts.</param>
    /// <param name="transport">The transport, instead of the one that the settings name. Then nothing is counted either: <see cref="Sum"/> is 0.</param>
    public static async Task<TestEdge> StartAsync(
        bool moveTime = false, Action<FakeCore>? core = null, bool waitForLink = true, bool twoCores = false, Func<IServiceProvider, ITransport>? transport = null, Action<TestPki>? certificates = null, string host = "127.0.0.1", params string[] settings)
    {
        TestPki pki = new();
        certificates?.Invoke(pki);
        FakeTimeProvider? time = moveTime ? new FakeTimeProvider(DateTimeOffset.UtcNow) : null;
        FakeCore fake = await FakeCore.StartAsync(pki, time ?? TimeProvider.System);
        FakeCore? other = twoCores ? await FakeCore.StartAsync(pki, time ?? TimeProvider.System) : null;
        core?.Invoke(fake);
        Dictionary<string, string?> configuration = new()
        {
            ["Edge:Id"] = "edge-1",
            ["Sip:Address"] = "127.0.0.1",
            ["Sip:Port"] = "0",
            ["Sip:CertificateFile"] = pki.PathOf("sip.pem"),
            ["Sip:KeyFile"] = pki.PathOf("sip.key"),
            ["Core:Endpoints:0"] = $"https://{host}:{fake.Port}",
            ["Core:CertificateFile"] = pki.PathOf("edge.pem"),
            ["Core:KeyFile"] = pki.PathOf("edge.key"),
            ["Core:CaFile"] = pki.PathOf("link-ca.pem"),
        };
        if (other is not null) configuration["Core:Endpoints:1"] = $"https://127.0.0.1:{other.Port}";
        foreach (string setting in settings) configuration[setting.Split('=')[0]] = setting.Split('=')[1].Replace("{pki}", pki.Folder, StringComparison.Ordinal);
        ServiceCollection services = new();
        services.AddLogging();
        if (time is not null) services.AddSingleton<TimeProvider>(time);
        if (transport is not null) services.AddSingleton(transport);
        services.AddEdge(new ConfigurationBuilder().AddInMemoryCollection(configuration).Build());
        TestEdge edge = new(pki, fake, services.BuildServiceProvider(), time, counts: transport is null) { OtherCore = other };
        await edge.Node.StartAsync(CancellationToken.None);
        if (waitForLink) await Until.TrueAsync(() => edge.Node.IsReady && edge.Links.UpCount == (twoCores ? 2 : 1), "links up");
        return edge;
    }

    public async Task<SipClient> ConnectAsync(string user = "bob")
    {
        SipClient client = await SipClient.ConnectAsync(Port, Pki.SipCa, user, FakeCore.Password);
        _clients.Add(client);
        return client;
    }

    public async Task<SipClient> RegisteredAsync(string user = "bob")
    {
        SipClient client = await ConnectAsync(user);
        Assert.Equal(200, (await client.RegisterAsync()).Status);
        return client;
    }

    /// <summary>The flow on which the account registered last.</summary>
    public ulong FlowOf(string user) => Core.Events.Last(happened => happened.Register?.User == user).Register.Flow;

    /// <summary>Moves the clock in steps until the condition holds.</summary>
    public async Task MoveUntilAsync(Func<bool> condition, TimeSpan most, string what)
    {
        for (TimeSpan moved = TimeSpan.Zero; !condition(); moved += Step)
        {
            Assert.True(moved <= most, $"not within {most} of the edge's time: {what}");
            await MoveAsync(Step);
        }
    }

    /// <summary>Moves the clock by this much, in steps. The link's heartbeats, due every 5 s, are waited for: else it would count as dead.</summary>
    public async Task MoveAsync(TimeSpan by)
    {
        for (TimeSpan moved = TimeSpan.Zero; moved < by; moved += Step)
        {
            int before = Core.Events.Count;
            Time!.Advance(Step);
            _sinceEvent += Step;
            await Task.Delay(1);
            if (_sinceEvent > TimeSpan.FromSeconds(5.5) && Links.UpCount > 0 && !Core.Silent)
            {
                await Until.TrueAsync(() => Core.Events.Count != before || Links.UpCount == 0, "heartbeat of the edge");
            }

            if (Core.Events.Count == before) continue;
            _sinceEvent = TimeSpan.Zero;
            await Task.Delay(3);   // the core's answer is under way
        }
    }

    /// <summary>What a counter has come to; with <c>name/tag</c> the part with that tag.</summary>
    public long Sum(string name) => _sums.GetValueOrDefault(name);

    /// <summary>Whether that counter is shown, be it as 0.</summary>
    public bool Shows(string name) => _sums.ContainsKey(name);

    public async Task StopAsync()
    {
        if (_stopped) return;
        _stopped = true;
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(3));
        await Node.StopAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable client in _clients) await client.DisposeAsync();
        await StopAsync();
        await _services.DisposeAsync();
        await Core.DisposeAsync();
        if (OtherCore is not null) await OtherCore.DisposeAsync();
        _listener.Dispose();
        Pki.Dispose();
    }

    /// <summary>A TCP connection without TLS.</summary>
    public async Task<TcpClient> ConnectRawAsync()
    {
        TcpClient tcp = new();
        await tcp.ConnectAsync("127.0.0.1", Port);
        return tcp;
    }

    private void Add(string name, long value) => _sums.AddOrUpdate(name, value, (_, sum) => sum + value);
}
