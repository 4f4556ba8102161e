using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Envelopes;

/// <summary>AES-GCM breaks if a key meets a nonce twice. EDGE_SEALS says how many records are sealed: 10,000,000 take a minute and a half.</summary>
public sealed class NonceTests
{
    private const int Restarts = 20;

    [Fact]   // docs/adr/0002: no state is kept, so a restart cannot repeat one
    [Spec("S9")]
    public void Seal_OverManyRestarts_NoKeyAndNonceTwice()
    {
        int seals = int.Parse(Environment.GetEnvironmentVariable("EDGE_SEALS") ?? "100000", CultureInfo.InvariantCulture) / Restarts * Restarts;
        using RingFolder folder = new();
        UInt128[] met = new UInt128[seals];
        Assert.True(AccountAddress.TryCreate("alice", "example.test", out AccountAddress alice));
        NewMessage message = new(alice, Guid.NewGuid(), alice, Encoding.UTF8.GetBytes("the same each time"));
        for (int restart = 0; restart < Restarts; restart++)
        {
            KeyRing ring = folder.Open();
            MessageEnvelope envelopes = new(ring);
            AccountName name = new StoreNames(ring).Account(alice);
            RingKey key = ring.Current(KeyPurpose.Message);
            int first = restart * (seals / Restarts);
            Parallel.For(0, seals / Restarts, n =>
            {
                byte[] record = envelopes.Seal(message, name, name, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(72), MemberFlags.None);
                Span<byte> derived = stackalloc byte[EnvelopeCipher.KeyBytes + EnvelopeCipher.NonceBytes];
                EnvelopeCipher.Derive(key, KeyPurpose.Message, record.AsSpan(5, EnvelopeCipher.SaltBytes), derived);
                Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
                SHA256.HashData(derived, hash);
                met[first + n] = BinaryPrimitives.ReadUInt128BigEndian(hash);
            });
            Assert.Equal(seals / Restarts, key.Seals);
        }

        Array.Sort(met);
        int twice = 0;
        for (int i = 1; i < met.Length; i++)
        {
            if (met[i] == met[i - 1]) twice++;
        }

        Assert.Equal(0, twice);
    }
}
