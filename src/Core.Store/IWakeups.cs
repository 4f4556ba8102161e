using Core.Store.Accounts;

namespace Core.Store;

/// <summary>Says between cores that something of an account changed: its mailbox, or what it is to be told. A hint only, which may be lost.</summary>
/// <remarks>Whoever waits reads Redis again at its start and every 2 seconds; a hint only saves waiting for that.</remarks>
public interface IWakeups
{
    /// <summary>Calls back on every hint until disposed. The callback must be quick and must not throw.</summary>
    IDisposable Subscribe(AccountAddress account, Action wake);

    /// <summary>Hints at every core, this one at once. Returns at once.</summary>
    void Wake(AccountAddress account);
}
