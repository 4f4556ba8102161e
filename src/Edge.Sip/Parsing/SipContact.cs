namespace Edge.Sip.Parsing;

/// <summary>One Contact value of a REGISTER: RFC 3261 §10.2, RFC 5626 §4.1.</summary>
internal readonly ref struct SipContact
{
    /// <summary>What a malformed expiry counts as (RFC 3261 §20.10), in seconds.</summary>
    public const int MalformedExpiresSeconds = 3_600;

    /// <summary><c>*</c>: every binding of the account.</summary>
    public bool IsStar { get; private init; }

    /// <summary>The contact's URI; empty for <c>*</c>.</summary>
    public ReadOnlySpan<byte> Uri { get; private init; }

    /// <summary>The header parameters, all well formed.</summary>
    public ReadOnlySpan<byte> Parameters { get; private init; }

    /// <summary>The <c>expires</c> parameter in seconds; -1 if there is none.</summary>
    public int ExpiresSeconds { get; private init; }

    /// <summary>What stands between the quotes of <c>+sip.instance</c>, its angle brackets included; empty if there is none.</summary>
    public ReadOnlySpan<byte> Instance { get; private init; }

    /// <summary><c>reg-id</c>, 1 to 2^31 - 1; 0 if there is none.</summary>
    public int RegId { get; private init; }

    /// <summary><c>q</c> as sent; empty if there is none.</summary>
    public ReadOnlySpan<byte> Q { get; private init; }

    public static bool TryParse(ReadOnlySpan<byte> value, out SipContact contact)
    {
        contact = default;
        if (SipGrammar.Trim(value).SequenceEqual("*"u8))
        {
            contact = new SipContact { IsStar = true, ExpiresSeconds = -1 };
            return true;
        }

        if (!SipAddress.TryParse(value, out SipAddress address)) return false;
        int expires = -1, regId = 0;
        ReadOnlySpan<byte> instance = default;
        if (SipParameters.TryFind(address.Parameters, "expires"u8, out ReadOnlySpan<byte> text)) expires = ReadExpires(text);
        if (SipParameters.TryFind(address.Parameters, "reg-id"u8, out text))
        {
            if (!SipGrammar.TryReadNumber(text, int.MaxValue, out long number) || number is 0 or > int.MaxValue) return false;
            regId = (int)number;
        }

        if (SipParameters.TryFind(address.Parameters, "+sip.instance"u8, out text)) instance = text;
        _ = SipParameters.TryFind(address.Parameters, "q"u8, out ReadOnlySpan<byte> q);
        contact = new SipContact
        {
            Uri = address.Uri,
            Parameters = address.Parameters,
            ExpiresSeconds = expires,
            Instance = instance,
            RegId = regId,
            Q = q,
        };
        return true;
    }

    /// <summary>Seconds of an <c>expires</c> parameter or Expires header; what is malformed or too large to be meant counts as 3,600.</summary>
    public static int ReadExpires(ReadOnlySpan<byte> text) =>
        SipGrammar.TryReadNumber(text, int.MaxValue, out long seconds) && seconds <= int.MaxValue ? (int)seconds : MalformedExpiresSeconds;

    /// <summary>Hides the address: whole addresses never reach a log.</summary>
    public override string ToString() => "contact";
}
