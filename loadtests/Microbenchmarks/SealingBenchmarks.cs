using System.Text;
using BenchmarkDotNet.Attributes;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Microsoft.Extensions.Options;

namespace Microbenchmarks;

/// <summary>What a message costs in keys and ciphers: its name, its record sealed, its record opened.</summary>
public class SealingBenchmarks
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edge-bench-");
    private StoreNames _names = null!;
    private MessageEnvelope _envelopes = null!;
    private NewMessage _message = null!;
    private AccountName _sender;
    private AccountName _recipient;
    private byte[] _record = [];

    [GlobalSetup]
    public void Setup()
    {
        KeyRing ring = new(Options.Create(new CoreStoreOptions { KeyRingFile = Path.Combine(_folder.FullName, "keys.json"), CreateKeyRing = true }), TimeProvider.System);
        (_names, _envelopes) = (new StoreNames(ring), new MessageEnvelope(ring));
        _ = AccountAddress.TryCreate("alice", "example.test", out AccountAddress alice);
        _ = AccountAddress.TryCreate("bob", "example.test", out AccountAddress bob);
        (_sender, _recipient) = (_names.Account(alice), _names.Account(bob));
        _message = new NewMessage(alice, Guid.NewGuid(), bob, Encoding.UTF8.GetBytes(new string('x', 160)));
        _record = Seal();
    }

    [GlobalCleanup]
    public void Cleanup() => _folder.Delete(recursive: true);

    [Benchmark]
    public byte[] NameMessage() => _names.Message(_sender, _message.MessageId);

    [Benchmark]
    public byte[] Seal()
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch.AddYears(60);
        return _envelopes.Seal(_message, _sender, _recipient, now, now.AddHours(72), MemberFlags.None);
    }

    [Benchmark]
    public bool Open() => _envelopes.TryOpen(_record, _recipient, out _) == EnvelopeState.Opened;
}
