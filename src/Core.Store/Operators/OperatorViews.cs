using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Redis;

namespace Core.Store.Operators;

/// <summary>All views, each within the store's deadline.</summary>
internal sealed class OperatorViews(
    RedisConnection redis, StoreNames names, RegistrationView registrations, SessionJournal sessions, MessageLog messages, QueueView queues, PoisonedRecords poisoned) : IOperatorViews
{
    public Task<Page<Registration>> ListRegistrationsAsync(int pageSize, string pageToken) => redis.WithinDeadlineAsync(registrations.ListAsync(pageSize, pageToken));

    public Task<IReadOnlyList<Registration>> ListRegistrationsAsync(AccountAddress account) => redis.WithinDeadlineAsync(registrations.ListAsync(account));

    public Task<IReadOnlyList<SessionEvent>> ListSessionEventsAsync(AccountAddress account) => redis.WithinDeadlineAsync(sessions.ReadAsync(names.Account(account)));

    public Task<Page<LoggedMessage>> ListMessagesAsync(AccountAddress account, int pageSize, string pageToken) =>
        redis.WithinDeadlineAsync(messages.ListAsync(account, pageSize, pageToken));

    public Task<LoggedMessage?> FindMessageAsync(AccountAddress sender, Guid messageId) => redis.WithinDeadlineAsync(messages.FindAsync(sender, messageId));

    public Task<QueuePage> ListQueueAsync(AccountAddress account, int pageSize, string pageToken) => redis.WithinDeadlineAsync(queues.ListAsync(account, pageSize, pageToken));

    public Task<IReadOnlyList<PoisonedRecord>> ListPoisonedRecordsAsync() => redis.WithinDeadlineAsync(poisoned.ListAsync());
}
