using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;

namespace Core.Store.Accounts;

/// <summary>An account as it is stored, sealed: version 1 (1 byte), key id (4), salt (16), ciphertext, tag (16).</summary>
/// <remarks>
/// Sealed: credential version (4), created and updated (8 each, Unix ms), verifiers SHA-256 (32) and MD5 (16), length of the user name (1),
/// user name and domain. Authenticated: the bytes in front and the account's handle, so that one account's verifiers do not open as another's.
/// </remarks>
internal sealed record AccountRecord(AccountAddress Address, AccountVerifiers Verifiers, DateTimeOffset CreateTime, DateTimeOffset UpdateTime)
{
    private const byte Version = 1;
    private const int HeaderBytes = 5 + EnvelopeCipher.SaltBytes;
    private const int FixedBytes = 4 + 8 + 8 + 32 + 16 + 1;

    /// <summary>A new account.</summary>
    public static AccountRecord Create(AccountAddress address, string password, DateTimeOffset now) =>
        new(address, Verify(address, password, NextVersion(0)), now, now);

    /// <summary>The same account with another password.</summary>
    public AccountRecord WithPassword(string password, DateTimeOffset now) =>
        this with { Verifiers = Verify(Address, password, NextVersion(Verifiers.CredentialVersion)), UpdateTime = now };

    /// <summary>As operators see it.</summary>
    public Account ToAccount() => new(Address, CreateTime, UpdateTime, Verifiers.CredentialVersion);

    /// <summary>Seals.</summary>
    public byte[] Seal(KeyRing ring, AccountName name)
    {
        RingKey key = ring.Current(KeyPurpose.Account);
        int domain = Encoding.UTF8.GetByteCount(Address.Domain);
        Span<byte> plain = stackalloc byte[FixedBytes + Address.User.Length + domain];
        BinaryPrimitives.WriteInt32BigEndian(plain, Verifiers.CredentialVersion);
        BinaryPrimitives.WriteInt64BigEndian(plain[4..], CreateTime.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(plain[12..], UpdateTime.ToUnixTimeMilliseconds());
        Verifiers.Sha256.Span.CopyTo(plain[20..]);
        Verifiers.Md5.Span.CopyTo(plain[52..]);
        plain[68] = (byte)Encoding.UTF8.GetBytes(Address.User, plain[FixedBytes..]);
        Encoding.UTF8.GetBytes(Address.Domain, plain[(FixedBytes + plain[68])..]);

        byte[] value = new byte[HeaderBytes + plain.Length + EnvelopeCipher.TagBytes];
        value[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(1), key.Id);
        EnvelopeCipher.DrawSalt(value.AsSpan(5, EnvelopeCipher.SaltBytes));
        EnvelopeCipher.Seal(key, KeyPurpose.Account, value.AsSpan(5, EnvelopeCipher.SaltBytes), Context(value, name), plain, value.AsSpan(HeaderBytes));
        CryptographicOperations.ZeroMemory(plain);
        return value;
    }

    /// <summary>The key of a sealed account; null if the value is not one.</summary>
    public static uint? KeyOf(ReadOnlySpan<byte> value) => value.Length > HeaderBytes && value[0] == Version ? BinaryPrimitives.ReadUInt32BigEndian(value[1..]) : null;

    /// <summary>Opens.</summary>
    /// <returns>Null for another account's value or altered bytes.</returns>
    /// <exception cref="StoreUnavailableException">The ring lacks its key: no password may be called wrong for that.</exception>
    public static AccountRecord? Open(KeyRing ring, AccountName name, ReadOnlySpan<byte> value)
    {
        int plainBytes = value.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        if (plainBytes is < FixedBytes or > 1_024 || value[0] != Version) return null;
        if (!ring.TryGet(KeyPurpose.Account, BinaryPrimitives.ReadUInt32BigEndian(value[1..]), out RingKey? key))
            throw new StoreUnavailableException("The key ring lacks the key of an account.");
        Span<byte> plain = stackalloc byte[plainBytes];
        if (!EnvelopeCipher.TryOpen(key, KeyPurpose.Account, value.Slice(5, EnvelopeCipher.SaltBytes), Context(value, name), value[HeaderBytes..], plain)) return null;

        int user = plain[68];
        if (FixedBytes + user > plainBytes) return null;
        if (!AccountAddress.TryCreate(Encoding.UTF8.GetString(plain.Slice(FixedBytes, user)), Encoding.UTF8.GetString(plain[(FixedBytes + user)..]), out AccountAddress address))
            return null;
        return new AccountRecord(
            address,
            new AccountVerifiers(plain.Slice(20, 32).ToArray(), plain.Slice(52, 16).ToArray(), BinaryPrimitives.ReadInt32BigEndian(plain)),
            MailboxMember.Time(plain[4..]),
            MailboxMember.Time(plain[12..]));
    }

    private static AccountVerifiers Verify(AccountAddress address, string password, int version) =>
        new(PasswordVerifier.Sha256(address, password), PasswordVerifier.Md5(address, password), version);

    /// <summary>Drawn, not counted: an account deleted and made again, even within a second, does not repeat one, and old proofs stay void.</summary>
    private static int NextVersion(int last)
    {
        int version;
        do version = RandomNumberGenerator.GetInt32(1, int.MaxValue);
        while (version == last);
        return version;
    }

    private static byte[] Context(ReadOnlySpan<byte> value, AccountName name) => [.. value[..HeaderBytes], .. name.Handle];
}
