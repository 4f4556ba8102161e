using System.Security.Cryptography;
using Edge.Sip.Parsing;

namespace Edge.Sip.Registrar;

/// <summary>The Contact of a binding: what its MESSAGEs are addressed to, and what tells this device from the account's others.</summary>
internal sealed class RegisteredContact
{
    public static readonly RegisteredContact None = new() { Uri = [], Instance = [], Route = [], Device = string.Empty };

    private RegisteredContact()
    {
    }

    public required byte[] Uri { get; init; }

    /// <summary><c>+sip.instance</c> without quotes; empty without one.</summary>
    public required byte[] Instance { get; init; }

    /// <summary>0 without one.</summary>
    public int RegId { get; private init; }

    /// <summary>The Path headers' values, joined; empty for a directly connected client.</summary>
    public required byte[] Route { get; init; }

    /// <summary>16 hex digits of a hash of instance and reg-id, else of the URI.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the client keeps the flow alive as RFC 5626 asks.</summary>
    public bool IsOutbound { get; private init; }

    public static RegisteredContact Of(in SipContact contact, bool supportsOutbound, ReadOnlySpan<byte> route) => new()
    {
        Uri = contact.Uri.ToArray(),
        Instance = contact.Instance.ToArray(),
        RegId = contact.RegId,
        Route = route.ToArray(),
        Device = DeviceOf(contact),
        IsOutbound = IsOutboundOf(contact, supportsOutbound),
    };

    /// <summary>Whether a refresh says the same again, so that nothing has to be copied or hashed.</summary>
    public bool Is(in SipContact contact, bool supportsOutbound) => contact.Uri.SequenceEqual(Uri) && contact.Instance.SequenceEqual(Instance)
        && contact.RegId == RegId && Route.Length == 0 && IsOutbound == IsOutboundOf(contact, supportsOutbound);

    /// <summary>Whether the contact names this binding: by instance and reg-id, or else by its URI (RFC 3261 §10.2.4, RFC 5626 §6).</summary>
    public bool IsSameDevice(in SipContact contact) => contact.Uri.SequenceEqual(Uri)
        || (Instance.Length > 0 && contact.Instance.SequenceEqual(Instance) && contact.RegId == RegId);

    /// <summary>Hides the address: whole addresses never reach a log.</summary>
    public override string ToString() => "contact";

    private static bool IsOutboundOf(in SipContact contact, bool supportsOutbound) => supportsOutbound && contact.RegId > 0 && !contact.Instance.IsEmpty;

    private static string DeviceOf(in SipContact contact)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> regId = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(regId, contact.Instance.IsEmpty ? -1 : contact.RegId);
        hash.AppendData(regId);
        hash.AppendData(contact.Instance.IsEmpty ? contact.Uri : contact.Instance);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        _ = hash.GetCurrentHash(digest);
        return Convert.ToHexStringLower(digest[..8]);
    }
}
