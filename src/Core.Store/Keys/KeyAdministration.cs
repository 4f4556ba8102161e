using Core.Store.Envelopes;
using Core.Store.Redis;
using Microsoft.Extensions.Options;

namespace Core.Store.Keys;

/// <inheritdoc cref="IKeyAdministration"/>
internal sealed class KeyAdministration(
    RedisConnection redis, KeyRing ring, KeyKeeper keeper, KeyAudit audit, AccountResealing accounts, MessageResealing messages, TimeProvider time,
    IOptions<CoreStoreOptions> options) : IKeyAdministration
{
    /// <summary>Rounds of sealing anew: what is sealed with an old key while a round runs is met by the next.</summary>
    private const int Rounds = 10;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyUse>> AuditAsync()
    {
        await redis.ConnectAsync().ConfigureAwait(false);
        IReadOnlyDictionary<(KeyPurpose Purpose, uint Key), long> counts = await audit.CountAsync().ConfigureAwait(false);
        List<KeyUse> uses = [];
        foreach (KeyPurpose purpose in Enum.GetValues<KeyPurpose>())
        {
            uint current = ring.Current(purpose).Id;
            uses.AddRange(ring.All(purpose).Select(k => new KeyUse(k.Id, Name(purpose), k.Created, k.Activates, k.Id == current, counts.GetValueOrDefault((purpose, k.Id)))));
        }

        uses.AddRange(counts.Where(c => !ring.TryGet(c.Key.Purpose, c.Key.Key, out _)).Select(c => new KeyUse(c.Key.Key, Name(c.Key.Purpose), null, null, false, c.Value)));
        return [.. uses.OrderBy(static u => u.Id)];
    }

    /// <inheritdoc/>
    public void Rotate() => keeper.Rotate(time.GetUtcNow(), all: true);

    /// <inheritdoc/>
    public async Task RekeyAsync(Action<string> said, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(said);
        await redis.ConnectAsync().ConfigureAwait(false);
        TimeSpan delay = options.Value.KeyActivationDelay;
        Rotate();
        said($"new keys are made; they seal in {delay.TotalSeconds:0} seconds, when every core has loaded them");
        await Task.Delay(delay + (delay / 2), time, cancellation).ConfigureAwait(false);   // and half of it for clocks that differ

        for (int round = 1; round <= Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            await accounts.ResealAsync().ConfigureAwait(false);
            long resealed = await messages.ResealAsync().ConfigureAwait(false);
            said($"round {round}: accounts are sealed anew, and {resealed} messages and receipt requests");
            IReadOnlyDictionary<(KeyPurpose Purpose, uint Key), long> counts = await audit.CountAsync().ConfigureAwait(false);
            long left = counts.Where(c => IsOld(c.Key.Purpose, c.Key.Key)).Sum(static c => c.Value);
            if (left > 0)
            {
                said($"{left} are still sealed with keys from before");
                continue;
            }

            foreach (KeyPurpose purpose in (ReadOnlySpan<KeyPurpose>)[KeyPurpose.Message, KeyPurpose.Account]) keeper.Wipe(purpose, [.. ring.All(purpose).Where(k => IsOld(purpose, k.Id)).Select(static k => k.Id)]);
            said("the keys from before are wiped; those of fingerprints go when their claims have ended");
            return;
        }

        throw new StoreUnavailableException("Something is still sealed with keys from before, so none was wiped. Run the audit, see that every core reads the key ring file, and begin again.");
    }

    /// <summary>Of a purpose that can be sealed anew, in the ring, and older than the one that seals.</summary>
    private bool IsOld(KeyPurpose purpose, uint id) =>
        purpose is KeyPurpose.Message or KeyPurpose.Account && id < ring.Current(purpose).Id && ring.TryGet(purpose, id, out _);

    private static string Name(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Message => "message",
        KeyPurpose.Fingerprint => "fingerprint",
        KeyPurpose.Account => "account",
        _ => "name",
    };
}
