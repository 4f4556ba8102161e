using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Redis;

namespace Core.Store.Operators;

/// <summary>Who is registered: the bindings in Redis, each with what the session log says of its connection.</summary>
internal sealed class RegistrationView(RedisConnection redis, StoreNames names, IAccountStore accounts, SessionJournal sessions, TimeProvider time)
{
    /// <summary>Accounts looked at for one page: most may be offline.</summary>
    private const int MostAccounts = 10_000;

    /// <inheritdoc cref="IOperatorViews.ListRegistrationsAsync(int, string)"/>
    public async Task<Page<Registration>> ListAsync(int pageSize, string pageToken)
    {
        List<Registration> page = [];
        for (int looked = 0; looked < MostAccounts;)
        {
            AccountPage some = await accounts.ListAsync(pageSize, pageToken).ConfigureAwait(false);
            foreach (IReadOnlyList<Registration> one in await Task.WhenAll(some.Accounts.Select(account => ListAsync(account.Address))).ConfigureAwait(false)) page.AddRange(one);
            pageToken = some.NextPageToken;
            looked += Math.Max(1, some.Accounts.Count);
            if (page.Count >= pageSize || pageToken.Length == 0) break;
        }

        return new Page<Registration>(page, pageToken);
    }

    /// <inheritdoc cref="IOperatorViews.ListRegistrationsAsync(AccountAddress)"/>
    public async Task<IReadOnlyList<Registration>> ListAsync(AccountAddress account)
    {
        AccountName name = names.Account(account);
        string? lines = await redis.Database.StringGetAsync(RedisKeys.Bindings(name)).ConfigureAwait(false);
        if (string.IsNullOrEmpty(lines)) return [];
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<SessionEvent> events = await sessions.ReadAsync(name).ConfigureAwait(false);
        List<Registration> registrations = [];
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (BindingLine.Flow(line) is not { } flow || BindingLine.Expires(line) is var expires && expires <= now) continue;
            SessionEvent? registered = events.FirstOrDefault(one => one.Kind == SessionEventKind.Register && one.Flow == flow);
            registrations.Add(new Registration(account, flow, expires, IsActive: registrations.Count == 0, registered?.Client, registered?.Time));
        }

        return registrations;
    }
}
