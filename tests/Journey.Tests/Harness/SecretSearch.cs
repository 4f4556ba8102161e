using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Journey.Tests.Harness;

/// <summary>What must be nowhere, in every form in which it could lie about, and the search for it.</summary>
internal sealed class SecretSearch
{
    private const int LeastCharacters = 8;   // shorter ones turn up by chance

    private readonly Dictionary<string, string> _kinds = [];   // secret to what it is
    private SearchValues<string>? _values;

    /// <summary>How many forms are looked for.</summary>
    public int Count => _kinds.Count;

    /// <summary>A text: in clear, and inside any base64.</summary>
    public void AddText(string text)
    {
        Add("text", text);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int before = 0; before < 3; before++)
        {
            // Where it begins in a group of three bytes decides its letters; those that its neighbours touch are left out.
            string encoded = Convert.ToBase64String([.. new byte[before], .. bytes]);
            Add("text in base64", encoded[(before == 0 ? 0 : 4)..^4]);
        }
    }

    /// <summary>A password, right or wrong: in clear, as Basic credentials, and as the digest's verifiers (HA1).</summary>
    public void AddPassword(Account account)
    {
        Add("password", account.Password);
        Add("Basic credentials", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.User}:{account.Password}")).TrimEnd('='));
        byte[] ha1 = Encoding.UTF8.GetBytes($"{account.User}:{JourneySystem.Domain}:{account.Password}");
#pragma warning disable CA5351 // what RFC 3261 clients know
        foreach (byte[] verifier in (byte[][])[SHA256.HashData(ha1), MD5.HashData(ha1)]) AddBytes("verifier", verifier);
#pragma warning restore CA5351
    }

    /// <summary>Bytes: as they are, in hex and in base64.</summary>
    public void AddBytes(string kind, byte[] bytes)
    {
        Add(kind, Encoding.Latin1.GetString(bytes));
        Add($"{kind} in hex", Convert.ToHexStringLower(bytes));
        Add($"{kind} in hex", Convert.ToHexString(bytes));
        Add($"{kind} in base64", Convert.ToBase64String(bytes).TrimEnd('='));
    }

    /// <summary>Anything else that is looked for as it is.</summary>
    public void Add(string kind, string secret)
    {
        Assert.True(secret.Length >= LeastCharacters, $"{kind} is too short to be looked for");
        _kinds[secret] = kind;
        _values = null;
    }

    /// <summary>What was found, by kind; none if nothing was.</summary>
    public IReadOnlyList<string> In(ReadOnlySpan<byte> bytes) => In(Encoding.Latin1.GetString(bytes));

    /// <inheritdoc cref="In(ReadOnlySpan{byte})"/>
    public IReadOnlyList<string> In(string text)
    {
        SearchValues<string> values = _values ??= SearchValues.Create([.. _kinds.Keys], StringComparison.Ordinal);
        List<string> found = [];
        for (int at = 0; text.AsSpan(at).IndexOfAny(values) is >= 0 and int next; at++)
        {
            at += next;
            foreach ((string secret, string kind) in _kinds)
            {
                if (string.CompareOrdinal(text, at, secret, 0, secret.Length) == 0) found.Add($"{kind}: ...{text[Math.Max(0, at - 80)..Math.Min(text.Length, at + 80)]}...");
            }
        }

        return found;
    }
}
