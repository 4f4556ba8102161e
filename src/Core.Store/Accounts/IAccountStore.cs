namespace Core.Store.Accounts;

/// <summary>The accounts: only digest verifiers are kept, sealed.</summary>
/// <exception cref="StoreUnavailableException">Redis did not answer within the deadline.</exception>
public interface IAccountStore
{
    /// <summary>Creates an account.</summary>
    /// <returns>The account; null if there is one of this name.</returns>
    Task<Account?> CreateAsync(AccountAddress address, string password);

    /// <summary>Sets a new password, and with it another credential version if it differs.</summary>
    /// <returns>The account; null without one of this name.</returns>
    Task<Account?> UpdateAsync(AccountAddress address, string password);

    /// <summary>Deletes an account and ends what waits for it as INVALID_RECIPIENT.</summary>
    /// <returns>How many messages ended; null without such an account.</returns>
    Task<int?> DeleteAsync(AccountAddress address);

    /// <summary>One account, read from Redis; null without one of this name.</summary>
    Task<Account?> GetAsync(AccountAddress address);

    /// <summary>A page of all accounts.</summary>
    /// <param name="pageSize">Accounts wanted; a page may hold somewhat more or fewer.</param>
    /// <param name="pageToken">Of the page before; empty for the first.</param>
    /// <exception cref="FormatException">The token is not one of ours.</exception>
    Task<AccountPage> ListAsync(int pageSize, string pageToken);

    /// <summary>Creates or updates, many in one pipeline. The same again changes nothing.</summary>
    Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<(AccountAddress Address, string Password)> accounts);

    /// <summary>Checks a proof, of a password or of a digest, against an account's verifiers.</summary>
    /// <remarks>It is refused on Redis' word alone, not on that of a cache: a new password works at once. And an account that is not there costs the same work.</remarks>
    /// <param name="proves">Called at least once, with anybody's verifiers.</param>
    /// <returns>The verifiers that it proves; null if it does not, or if there is no such account.</returns>
    ValueTask<AccountVerifiers?> ProveAsync(AccountAddress address, Func<AccountVerifiers, bool> proves);

    /// <summary>The verifiers for a ticket, cached for 5 seconds at most; null without such an account.</summary>
    ValueTask<AccountVerifiers?> FindVerifiersAsync(AccountAddress address);
}

/// <summary>An account as operators see it.</summary>
public sealed record Account(AccountAddress Address, DateTimeOffset CreateTime, DateTimeOffset UpdateTime, int CredentialVersion);

/// <summary>A page of accounts; an empty token after the last.</summary>
public sealed record AccountPage(IReadOnlyList<Account> Accounts, string NextPageToken);

/// <summary>What an import did with one line.</summary>
public enum ImportOutcome
{
    /// <summary>The account is new.</summary>
    Created,

    /// <summary>Its password changed.</summary>
    Updated,

    /// <summary>It was just so already.</summary>
    Unchanged,
}

/// <summary>Digest verifiers: H(user ":" realm ":" password), RFC 7616 §3.4.2.</summary>
/// <param name="Sha256">32 bytes.</param>
/// <param name="Md5">16 bytes, for clients that know nothing better.</param>
/// <param name="CredentialVersion">Another one with every new password.</param>
public sealed record AccountVerifiers(ReadOnlyMemory<byte> Sha256, ReadOnlyMemory<byte> Md5, int CredentialVersion)
{
    /// <summary>Hides the verifiers.</summary>
    public override string ToString() => $"verifiers, version {CredentialVersion}";

    /// <summary>Whether a clear password (HTTP Basic over TLS) is this account's; compared in constant time.</summary>
    public bool Matches(AccountAddress address, string password) =>
        System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(PasswordVerifier.Sha256(address, password), Sha256.Span);
}
