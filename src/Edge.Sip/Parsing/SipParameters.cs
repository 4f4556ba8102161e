using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>The <c>;name=value</c> parameters of a header value or URI. Use with <c>foreach</c>.</summary>
internal ref struct SipParameters
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="text">Begins with a semicolon, or is empty.</param>
    public SipParameters(ReadOnlySpan<byte> text) => _rest = text;

    /// <summary>The name of the current one.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Its value without quotes, escapes not undone; empty if it has none.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The whole parameter as sent, with its semicolon.</summary>
    public ReadOnlySpan<byte> Raw { get; private set; }

    /// <summary>A stray semicolon, a missing name or value, or a quote never closed.</summary>
    public bool Faulty { get; private set; }

    public bool MoveNext()
    {
        _rest = SipGrammar.TrimStart(_rest);
        if (_rest.IsEmpty) return false;
        Faulty = true;
        ReadOnlySpan<byte> from = _rest;
        if (!SipGrammar.TryTake(ref _rest, (byte)';')) return false;
        if (!SipGrammar.TryTakeParameter(ref _rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return false;
        Faulty = false;
        Name = name;
        Value = value;
        Raw = from[..^_rest.Length];
        return true;
    }

    /// <summary>Whether all parameters are well formed.</summary>
    public static bool AreValid(ReadOnlySpan<byte> text)
    {
        SipParameters all = new(text);
        while (all.MoveNext())
        {
        }

        return !all.Faulty;
    }

    /// <summary>The first parameter of this name, in any case.</summary>
    public static bool TryFind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        SipParameters all = new(text);
        while (all.MoveNext())
        {
            if (!Ascii.EqualsIgnoreCase(all.Name, name)) continue;
            value = all.Value;
            return true;
        }

        value = default;
        return false;
    }
}
