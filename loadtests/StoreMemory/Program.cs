// What accounts, waiting messages and outcomes take of Redis' memory: fills an empty Redis by the store's own way and reads INFO memory.
//   StoreMemory HOST:PORT [COUNT]      COUNT of each, default 1,000,000; loadtests/store-memory starts a Redis for it
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

const int Writers = 64;
const int MessagesPerMailbox = 10;

string endpoint = args[0];
int count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
string ring = Path.Combine(Directory.CreateTempSubdirectory("store-memory-").FullName, "keys.json");

await using ConnectionMultiplexer admin = await ConnectionMultiplexer.ConnectAsync($"{endpoint},allowAdmin=true");
IServer server = admin.GetServers()[0];
if (await server.DatabaseSizeAsync() > 0)
{
    await Console.Error.WriteLineAsync("This Redis is not empty: use one of its own.");
    return 1;
}

HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["CoreStore:Redis"] = endpoint,
    ["CoreStore:KeyRingFile"] = ring,
    ["CoreStore:CreateKeyRing"] = "true",
    ["CoreStore:Domain"] = "example.test",
    ["CoreStore:CoreId"] = "memory",
    ["CoreStore:AllowVolatileRedis"] = "true",
});
builder.Services.AddSingleton<IDeliveryPort, NoPort>();
builder.Services.AddCoreStore();
using IHost host = builder.Build();
await host.StartAsync();
IMessageStore store = host.Services.GetRequiredService<IMessageStore>();
IAccountStore accounts = host.Services.GetRequiredService<IAccountStore>();

long empty = await UsedAsync();
for (int at = 0; at < count; at += 1_000)
{
    await accounts.ImportAsync([.. Enumerable.Range(at, Math.Min(1_000, count - at)).Select(i => (Address(i), "password"))]);
}

long withAccounts = await UsedAsync();
Print("idle account", withAccounts - empty, count);

int online = Math.Min(count, 100_000);
DateTimeOffset end = DateTimeOffset.UtcNow.AddHours(1);
await EachAsync(online, i => store.RegisterAsync(Address(i), new Binding(new FlowId("edge-1", 1, (ulong)i + 1), new string('d', 22), end), 0, true));
long withBindings = await UsedAsync();
Print("binding of a registered account", withBindings - withAccounts, online);
await EachAsync(online, i => store.UnregisterAsync(Address(i), new FlowId("edge-1", 1, (ulong)i + 1)));

long before = await UsedAsync();
Guid[] ids = [.. Enumerable.Range(0, count).Select(_ => Guid.NewGuid())];
byte[] text = Encoding.UTF8.GetBytes(new string('x', 100));
await EachAsync(count, i => store.AcceptAsync(new NewMessage(Sender(i), ids[i], Recipient(i), text)));
long withQueued = await UsedAsync();
Print($"waiting message ({MessagesPerMailbox} in a mailbox)", withQueued - before, count);
await SampleAsync("ledger entry", "}l");
await SampleAsync("record of a waiting message", "}r");
await SampleAsync($"mailbox with {MessagesPerMailbox}", "}m");

await EachAsync(count, i => store.EndAsync(new MessageKey(Sender(i), ids[i], Recipient(i)), MessageState.Delivered));
long withOutcomes = await UsedAsync();
Print("delivered message (ledger entry and outcome)", withOutcomes - before, count);
await SampleAsync("ledger entry", "}l");
await SampleAsync("outcome", "}r");
await SampleAsync($"accounts of a partition ({count / 1_024})", "}a");
await host.StopAsync();
return 0;

AccountAddress Address(int i) => AccountAddress.TryCreate(string.Create(CultureInfo.InvariantCulture, $"u{i:D7}"), "example.test", out AccountAddress address) ? address : throw new UnreachableException();

AccountAddress Recipient(int i) => Address(i / MessagesPerMailbox);

AccountAddress Sender(int i) => Address(count - 1 - (i % Math.Min(count, 10_007)));

async Task EachAsync(int times, Func<int, Task> work)
{
    int next = -1;
    await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
    {
        for (int i = Interlocked.Increment(ref next); i < times; i = Interlocked.Increment(ref next)) await work(i);
    }));
}

async Task<long> UsedAsync()
{
    await Task.Delay(500);   // freed memory is counted by a job of Redis' own
    return long.Parse((await server.InfoAsync("memory")).SelectMany(s => s).First(l => l.Key == "used_memory").Value, CultureInfo.InvariantCulture);
}

async Task SampleAsync(string what, string kind)
{
    List<long> sizes = [];
    await foreach (RedisKey key in server.KeysAsync(pattern: $"*{kind}*", pageSize: 1_000))
    {
        byte[] name = key!;
        int brace = Array.IndexOf(name, (byte)'}');
        if (brace < 0 || name[brace + 1] != kind[1]) continue;
        sizes.Add((long)await admin.GetDatabase().ExecuteAsync("MEMORY", "USAGE", key, "SAMPLES", "0"));
        if (sizes.Count == 200) break;
    }

    if (sizes.Count > 0) Console.WriteLine($"    {what}: {sizes.Average():F0} bytes (MEMORY USAGE: key and value, without the tables that hold them)");
}

void Print(string what, long bytes, int things) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {(double)bytes / things:F0} bytes (of {things:N0})"));

/// <summary>Nobody is online.</summary>
internal sealed class NoPort : IDeliveryPort
{
    public bool Reaches(FlowId flow) => false;

    public bool HasEnded(FlowId flow) => false;

    public bool Revoke(FlowId flow, AccountAddress? account) => true;

    public void Push(FlowId flow, AccountAddress recipient, MailboxPage page)
    {
    }

    public void Push(DirectedMessage directed)
    {
    }
}
