namespace Edge.Sip.Parsing;

/// <summary>The value of From, To or Contact: <c>name-addr</c> or <c>addr-spec</c> with header parameters (RFC 3261 §20.10, §25.1).</summary>
internal readonly ref struct SipAddress
{
    /// <summary>The URI, of any scheme, without angle brackets.</summary>
    public ReadOnlySpan<byte> Uri { get; private init; }

    /// <summary>The header parameters with their first semicolon; all well formed.</summary>
    public ReadOnlySpan<byte> Parameters { get; private init; }

    /// <summary>The <c>tag</c> parameter; empty if there is none.</summary>
    public ReadOnlySpan<byte> Tag => SipParameters.TryFind(Parameters, "tag"u8, out ReadOnlySpan<byte> tag) ? tag : default;

    /// <summary>Reads one value. A display name is checked and skipped.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out SipAddress address)
    {
        address = default;
        ReadOnlySpan<byte> rest = SipGrammar.Trim(value);
        if (rest.IsEmpty) return false;
        bool quoted = rest[0] == (byte)'"';
        if (quoted && !SipGrammar.TryTakeQuoted(ref rest, out _)) return false;

        int open = rest.IndexOf((byte)'<');
        ReadOnlySpan<byte> name = open < 0 ? default : rest[..open];
        ReadOnlySpan<byte> uri, parameters;
        if (open < 0 || name.Contains((byte)':'))   // no display name has a colon: then '<' stands in a quoted parameter
        {
            // Without brackets everything from the first semicolon is a header parameter, and '?' and ',' need brackets (§20.10).
            if (quoted) return false;
            int semicolon = rest.IndexOf((byte)';');
            uri = SipGrammar.Trim(semicolon < 0 ? rest : rest[..semicolon]);
            parameters = semicolon < 0 ? default : rest[semicolon..];
            if (uri.ContainsAny((byte)'?', (byte)',')) return false;
        }
        else
        {
            if (!IsDisplayName(name, quoted)) return false;
            int close = rest.IndexOf((byte)'>');
            if (close < open) return false;
            uri = rest[(open + 1)..close];
            parameters = rest[(close + 1)..];
        }

        if (uri.IndexOf((byte)':') < 1 || uri.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) || uri.ContainsAny((byte)'<', (byte)'>', (byte)'"')) return false;
        if (!SipParameters.AreValid(parameters)) return false;
        address = new SipAddress { Uri = uri, Parameters = parameters };
        return true;
    }

    /// <summary>Hides the address: whole addresses never reach a log.</summary>
    public override string ToString() => "address";

    /// <summary>Tokens and blanks; UTF-8 without quotes is let pass, since clients send it. Behind a quoted one only blanks.</summary>
    private static bool IsDisplayName(ReadOnlySpan<byte> name, bool quoted)
    {
        foreach (byte b in name)
        {
            if (SipGrammar.IsBlank(b)) continue;
            if (quoted || (b < 0x80 && !SipGrammar.Token.Contains(b))) return false;
        }

        return true;
    }
}
