using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>One Via value: RFC 3261 §20.42, RFC 3581.</summary>
internal readonly ref struct SipVia
{
    /// <summary>What the branch of an RFC 3261 element begins with.</summary>
    public static ReadOnlySpan<byte> MagicCookie => "z9hG4bK"u8;

    /// <summary>UDP, TCP, TLS, ... as sent.</summary>
    public ReadOnlySpan<byte> Transport { get; private init; }

    /// <summary>The host of sent-by.</summary>
    public ReadOnlySpan<byte> Host { get; private init; }

    /// <summary>The port of sent-by, 0 if none is given.</summary>
    public int Port { get; private init; }

    /// <summary>Everything up to the parameters: protocol, transport and sent-by as sent.</summary>
    public ReadOnlySpan<byte> Before { get; private init; }

    /// <summary>The parameters with their first semicolon, all well formed.</summary>
    public ReadOnlySpan<byte> Parameters { get; private init; }

    /// <summary>The branch; empty if there is none.</summary>
    public ReadOnlySpan<byte> Branch { get; private init; }

    /// <summary>Whether an <c>rport</c> parameter is there: then received and rport are answered (RFC 3581 §4).</summary>
    public bool HasRport { get; private init; }

    /// <summary>Whether the branch alone names the transaction: it begins with the cookie and something follows.</summary>
    public bool HasMagicBranch => Branch.Length > MagicCookie.Length && Ascii.EqualsIgnoreCase(Branch[..MagicCookie.Length], MagicCookie);

    public static bool TryParse(ReadOnlySpan<byte> value, out SipVia via)
    {
        via = default;
        ReadOnlySpan<byte> rest = value;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> protocol) || !Ascii.EqualsIgnoreCase(protocol, "SIP"u8)) return false;
        if (!SipGrammar.TryTake(ref rest, (byte)'/') || !SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> version)) return false;
        if (!version.SequenceEqual("2.0"u8) || !SipGrammar.TryTake(ref rest, (byte)'/')) return false;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> transport) || rest.IsEmpty || !SipGrammar.IsBlank(rest[0])) return false;

        int semicolon = rest.IndexOf((byte)';');
        ReadOnlySpan<byte> sentBy = SipGrammar.Trim(semicolon < 0 ? rest : rest[..semicolon]);
        ReadOnlySpan<byte> parameters = semicolon < 0 ? default : rest[semicolon..];
        if (!SipGrammar.TryReadHostPort(sentBy, out ReadOnlySpan<byte> host, out int port) || !SipParameters.AreValid(parameters)) return false;
        _ = SipParameters.TryFind(parameters, "branch"u8, out ReadOnlySpan<byte> branch);
        via = new SipVia
        {
            Transport = transport,
            Host = host,
            Port = port,
            Before = SipGrammar.Trim(value[..^parameters.Length]),
            Parameters = parameters,
            Branch = branch,
            HasRport = SipParameters.TryFind(parameters, "rport"u8, out _),
        };
        return true;
    }
}
