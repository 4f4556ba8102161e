using System.Buffers.Binary;
using Core.Store.Accounts;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Core.Store.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Core.Store.Tests.Model;

/// <summary>Runs cases on two cores over one real server and, call for call, on the model; after each step both are asked everything.</summary>
internal sealed class ModelRun : IAsyncDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Names = ["core-1", "core-2", "observer"];

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-model-").FullName;
    /// <summary>Of the two cores and of the observer.</summary>
    private readonly FakeTimeProvider[] _clocks = [new(Noon), new(Noon + StoreModel.Ahead), new(Noon)];
    private readonly List<TestCore> _cores = [];
    private readonly IServer _server;
    private readonly ModelLimits _limits;
    private IReadOnlyList<AccountAddress> _addresses = [];
    private RealStore _real = null!;
    private TestCore _observer = null!;

    // Of the case under way:
    private StoreModel _model = null!;
    private Promises _promises = null!;
    private Dictionary<AccountAddress, long> _read = [];

    private ModelRun(ServerFixture fixture)
    {
        _server = fixture.Admin.GetServers()[0];
        _limits = new ModelLimits(
            PageSize: 3, Tries: 3, RetryInterval: TimeSpan.FromSeconds(30), MostQueued: 6, MostOfSender: 4, Validity: TimeSpan.FromHours(72), IsCluster: _server.ServerType == ServerType.Cluster);
    }

    /// <summary>Steps of the cases so far, those that a core's wait made room for included; those that recover from a case not.</summary>
    public long Steps { get; private set; }

    /// <summary>Operations in which a core died.</summary>
    public long Deaths { get; private set; }

    /// <summary>Operations that waited for one of the other core.</summary>
    public long Waits { get; private set; }

    /// <summary>Messages and receipts stored so far, by how they ended.</summary>
    public Dictionary<MessageState, long> Ends { get; } = [];

    public static async Task<ModelRun> StartAsync(ServerFixture fixture)
    {
        ModelRun run = new(fixture);
        string ring = run.WriteKeyRing();
        await fixture.Admin.GetServers()[0].FlushAllDatabasesAsync();
        LimitSet limits = new() { Queue = new QueueLimits(run._limits.MostQueued, run._limits.MostOfSender), Delivery = new DeliveryLimits(run._limits.Tries, (int)run._limits.RetryInterval.TotalSeconds) };
        foreach ((string id, FakeTimeProvider clock) in Names.Zip(run._clocks))
        {
            run._cores.Add(await TestCore.StartAsync(fixture.Server.Endpoint, fixture.Server.IsDurable, ring, clock, id, RealStore.SweepsAll, replace: Replace, settings: ("PageSize", $"{run._limits.PageSize}")));

            void Replace(IServiceCollection services)
            {
                services.AddSingleton<ILimits>(new FixedLimits(limits));
                if (id != "observer") services.AddSingleton<RedisConnection, CutConnection>();
            }
        }

        run._observer = run._cores[2];
        run._real = new RealStore(run._cores[..2], run._clocks);
        run.ChooseAddresses();
        await run.ShareLeasesAsync();
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestCore core in _cores) await core.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Runs one case, then lets everything recover.</summary>
    /// <exception cref="Xunit.Sdk.XunitException">The store and the model differ, or a promise is broken.</exception>
    public void Run(IReadOnlyList<PlannedStep> plan)
    {
        _server.FlushAllDatabases();
        _real.MoveClock(TimeSpan.FromMinutes(1));   // what the cores remember of the case before has lapsed
        Dictionary<int, PartitionModel> partitions = [];
        SequenceModel messages = new();
        AccountModel[] accounts = [.. _addresses.Select(NewAccount)];
        _model = new StoreModel(_limits, accounts, ReceiptId, _clocks[0].GetUtcNow());
        _promises = new Promises(_model, _limits);
        _read = _addresses.ToDictionary(a => a, _ => 0L);
        foreach (PortState port in Ports()) port.Clear();
        _real.Forget();

        for (int i = 0; i < _addresses.Count - 1; i++) Do(new PlannedStep(new CreateStep(0, i), 0, default, new SweepStep(1)));
        foreach (PlannedStep step in plan) Do(step);
        Steps += plan.Count;
        Recover();
        foreach (MessageModel message in _model.Messages) Ends[message.State] = Ends.GetValueOrDefault(message.State) + 1;

        AccountModel NewAccount(AccountAddress address)
        {
            AccountName name = _observer.Names.Account(address);
            if (!partitions.TryGetValue(name.Partition, out PartitionModel? partition))
            {
                SequenceModel told = new();
                partitions.Add(name.Partition, partition = new PartitionModel(name.Partition, _limits.IsCluster ? told : messages, told));
            }

            return new AccountModel(address, name, partition, _limits);
        }
    }

    private void Do(PlannedStep planned)
    {
        int core = planned.Step.Core, other = 1 - core;
        Func<IStoreSide, string> step = planned.Step.Resolve(_model);
        Func<IStoreSide, string> meanwhile = (planned.Meanwhile with { Core = other }).Resolve(_model);

        (string real, string? realMeanwhile) = OnOneSide(_real, _real.Cut(core));
        for (int i = 0; i < 2; i++)
        {
            foreach (OwedModel[] owed in _real.TakeToTellReplies(i, Owed)) _model.Cores[i].ToTell.Enqueue(owed);
        }

        (string modelled, string? modelledMeanwhile) = OnOneSide(_model, _model.Cores[core].Cut);
        Assert.Equal(modelledMeanwhile, realMeanwhile);
        Assert.Equal(modelled, real);
        if (real == Died)
        {
            Deaths++;
            _real.Restart(core, _addresses);
            _model.Cores[core].Known.Clear();
        }

        if (realMeanwhile is not null)
        {
            Steps++;
            Waits++;
        }

        ComparePushes();
        CompareStatuses();
        _promises.Check(_model.Clock(core), afterSweep: planned.Step is SweepStep && real != Died && realMeanwhile is null);

        (string Answer, string? Meanwhile) OnOneSide(IStoreSide side, Cut cut)
        {
            string? between = null;
            cut.Arm(planned.CutAt, planned.Kind, () => between = meanwhile(side));
            try
            {
                string answer = step(side);
                return (cut.Died ? Died : answer, between);
            }
            catch (Exception fault) when (cut.Died && fault is RedisException or StoreUnavailableException)
            {
                return (Died, between);
            }
            finally
            {
                cut.Disarm();
            }
        }
    }

    private const string Died = "died";

    private void ComparePushes()
    {
        foreach (PortState port in Ports())
        {
            string[] real = [.. port.Port.Pushes.Select(p => Answers.Of(port.Core, p.Flow, p.Page))];
            string[] modelled = [.. _model.Cores[port.Core].Pushes.Select(p => Answers.Of(port.Core, p.Flow, p.Page))];
            Assert.Equal(modelled, real);
            foreach ((FlowId flow, _, MailboxPage page, DateTimeOffset at) in port.Port.Pushes) _promises.Given(flow, page.Messages, at);
            port.Clear();
            _model.Cores[port.Core].Pushes.Clear();
        }

        foreach ((FlowId flow, IReadOnlyList<QueuedMessage> messages, DateTimeOffset at) in _real.Given) _promises.Given(flow, messages, at);
        _real.Given.Clear();
    }

    /// <summary>Every status that can be asked for, and what the streams say.</summary>
    private void CompareStatuses()
    {
        (AccountAddress Sender, Guid Id)[] ids = [.. _model.Ids];
        Task<MessageStatus?>[] found = [.. ids.Select(id => _observer.Store.FindAsync(id.Sender, id.Id))];
        Task<MessageStatus?>[] byOthers = [.. ids.Select(id => _observer.Store.FindAsync(_addresses[^1], id.Id))];
        Task<StatusPage>[] feeds = [.. _addresses.Select(a => _observer.Get<IStatusFeed>().ReadAsync(a, _read[a]))];
        for (int i = 0; i < _addresses.Count; i++)
        {
            StatusPage page = feeds[i].GetAwaiter().GetResult();
            AccountModel account = _model.Account(_addresses[i]);
            StatusPage modelled = account.Feed?.Read(_read[_addresses[i]]) ?? new StatusPage([], _read[_addresses[i]], false, true);
            Assert.Equal(Answers.Of(modelled), Answers.Of(page));
            _promises.Told(_addresses[i], page.Changes);
            _read[_addresses[i]] = page.Upto;
        }

        for (int i = 0; i < ids.Length; i++)
        {
            MessageStatus? status = found[i].GetAwaiter().GetResult();
            Assert.Equal($"{ids[i]} {_model.Find(ids[i].Sender, ids[i].Id)}", $"{ids[i]} {status}");
            _promises.Found(ids[i].Sender, ids[i].Id, status);
            Assert.Null(byOthers[i].GetAwaiter().GetResult());
        }
    }

    /// <summary>Both cores sweep until every message and receipt has ended: then nothing but outcomes is left.</summary>
    private void Recover()
    {
        Sweep(TimeSpan.FromSeconds(35));
        Sweep(TimeSpan.FromSeconds(35));
        for (int round = 0; round < 3; round++)   // texts, then receipts of their expiry, then what was to be told of a lost core's work
        {
            Sweep(new TimeSpan(72, 0, 1));
            Sweep(TimeSpan.FromSeconds(3));
        }

        Assert.All(_model.Messages, m => Assert.NotEqual(MessageState.Enqueued, m.State));
        Assert.All(_model.Accounts, a => Assert.Empty(a.Partition.Owed));
        foreach (RedisKey key in _server.Keys())
        {
            byte[] name = (byte[])key!;
            char kind = name[0] == '{' ? (char)name[Array.IndexOf(name, (byte)'}') + 1] : '-';
            Assert.Contains(kind, "-lrqnaTLhg");   // no mailbox, tries, busy, to be told; bindings end by Redis' own clock
            if (kind != 'r') continue;
            byte[] value = _observer.Redis.StringGet(key)!;
            Assert.Equal((30, 'O'), (value.Length, (char)value[0]));
        }

        void Sweep(TimeSpan after)
        {
            Do(new PlannedStep(new ClockStep(0, after), 0, default, new SweepStep(1)));
            for (int core = 0; core < 2; core++) Do(new PlannedStep(new SweepStep(core), 0, default, new SweepStep(core)));
        }
    }

    private Guid ReceiptId(MessageKey key, MessageState state) => _observer.Names.Receipt(_observer.Names.Message(_observer.Names.Account(key.Sender), key.MessageId), state);

    private OwedModel Owed(EndedMessage ended)
    {
        MessageModel message = _model.Messages.Single(m => _observer.Names.Message(_observer.Names.Account(m.Key.Sender), m.Key.MessageId).AsSpan().SequenceEqual(ended.Message));
        Assert.Equal(_observer.Names.Account(message.Key.Sender).Handle, ended.Sender.Handle);
        return new OwedModel(message.Key, ended.State, DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(ended.EndedAt)));
    }

    private IEnumerable<PortState> Ports() => [new(0, _cores[0].Port), new(1, _cores[1].Port)];

    /// <summary>Always the same keys: names decide the order of a sweep, and a seed must make the same case again.</summary>
    private string WriteKeyRing()
    {
        string path = Path.Combine(_folder, "keys.json");
        string[] purposes = ["message", "fingerprint", "account", "name"];
        IEnumerable<string> keys = purposes.Select((p, i) => $$"""{"id":{{i + 1}},"purpose":"{{p}}","created":"2026-01-01T00:00:00Z","key":"{{Convert.ToBase64String(Enumerable.Repeat((byte)i, 32).ToArray())}}"}""");
        File.WriteAllText(path, $$"""{"version":1,"keys":[{{string.Join(',', keys)}}]}""");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Two accounts of one partition, and others of its share: few partitions to sweep, and everything that accounts share is shared.</summary>
    private void ChooseAddresses()
    {
        List<AccountAddress> chosen = [Address(0)];
        int partition = Partition(chosen[0]);
        Func<int, bool>[] wanted = [p => p == partition, p => p != partition && p % SweepLeases.Shares == partition % SweepLeases.Shares, p => p == partition];
        for (int i = 1, next = 0; next < wanted.Length; i++)
        {
            if (!wanted[next](Partition(Address(i)))) continue;
            chosen.Add(Address(i));
            next++;
        }

        _addresses = chosen;

        int Partition(AccountAddress address) => _observer.Names.Account(address).Partition;

        static AccountAddress Address(int i)
        {
            Assert.True(AccountAddress.TryCreate($"a{i}", "example.test", out AccountAddress address));
            return address;
        }
    }

    /// <summary>Both cores sweep the one share that matters: a lease only saves work, two sweeps of one account are harmless.</summary>
    private async Task ShareLeasesAsync()
    {
        int share = _observer.Names.Account(_addresses[0]).Partition % SweepLeases.Shares;
        for (int other = 0; other < SweepLeases.Shares; other++) await _observer.Redis.StringSetAsync(RedisKeys.Lease(other), "another core");
        foreach (TestCore core in _cores[..2])
        {
            await _observer.Redis.KeyDeleteAsync(RedisKeys.Lease(share));
            await core.Leases.TendAsync();
            Assert.Equal([share], core.Leases.Held);
        }
    }

    private sealed record PortState(int Core, RecordingPort Port)
    {
        public void Clear() => Port.Pushes.Clear();
    }
}
