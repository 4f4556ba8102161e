using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Load.Scenarios;

/// <summary>Lengths of time as people write them: <c>250ms</c>, <c>10s</c>, <c>5m</c>, <c>1h</c>.</summary>
internal static class Durations
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");
    private static readonly (string Unit, double Seconds)[] Units = [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3_600)];

    /// <summary>A number with one of the units; none of them is negative.</summary>
    public static bool TryParse(string text, out TimeSpan length)
    {
        length = default;
        string trimmed = text.Trim();
        int digits = trimmed.AsSpan().IndexOfAnyExcept(NumberCharacters);
        if (digits <= 0 || !double.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return false;
        foreach ((string unit, double seconds) in Units)
        {
            if (trimmed[digits..].Trim() != unit) continue;
            if (number * seconds > 1e8) return false;
            length = TimeSpan.FromMicroseconds(Math.Round(number * seconds * 1e6));
            return true;
        }

        return false;
    }

    /// <summary>The shortest way to write it.</summary>
    public static string Format(TimeSpan length) => length.TotalSeconds switch
    {
        >= 60 when length.TotalSeconds % 60 == 0 => string.Create(CultureInfo.InvariantCulture, $"{length.TotalMinutes:0}m"),
        >= 1 or 0 => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.###}s"),
        >= 0.001 => string.Create(CultureInfo.InvariantCulture, $"{length.TotalMilliseconds:0.###}ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{length.TotalMicroseconds:0.###}us"),
    };

    /// <summary>For JSON.</summary>
    internal sealed class Converter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out TimeSpan length)) return length;
            throw new JsonException("a length of time is a text such as \"250ms\", \"10s\", \"5m\" or \"1h\"");
        }

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(Format(value));
    }
}
