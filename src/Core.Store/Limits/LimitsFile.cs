using System.Globalization;
using System.Text.Json;

namespace Core.Store.Limits;

/// <summary>The limits file: one JSON object, every key optional, what is not said is the default. Strict: a mistyped key is a fault, not a limit that never was.</summary>
/// <example><c>{"sender": {"burst": 2000, "perSecond": 20}, "unknownRecipientsPerMinute": 60}</c></example>
internal static class LimitsFile
{
    /// <summary>Ten times what all keys take.</summary>
    private const int MostBytes = 65_536;

    private const int MostKeyShown = 64;

    /// <summary>Sections and keys, for whoever mistyped one.</summary>
    private static readonly ILookup<string, string> Keys = LimitFields.All.ToLookup(field => Section(field.Name), field => field.Name[(field.Name.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    /// <summary>Reads and checks the file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="limits">The defaults with what the file says; only without faults.</param>
    /// <returns>All faults, each with what to do; empty if there are none.</returns>
    public static IReadOnlyList<string> Read(string path, out LimitSet limits)
    {
        limits = new LimitSet();
        try
        {
            if (new FileInfo(path).Length > MostBytes) return [$"{path} is larger than {MostBytes} bytes"];
            return Parse(File.ReadAllBytes(path), out limits);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [$"{path} cannot be read: {fault.Message}"];
        }
    }

    /// <summary>The same for what stands in it.</summary>
    public static IReadOnlyList<string> Parse(ReadOnlyMemory<byte> json, out LimitSet limits)
    {
        limits = new LimitSet();
        List<string> faults = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            limits = ReadSection(document.RootElement, string.Empty, limits, faults);
        }
        catch (JsonException fault)
        {
            return [string.Create(CultureInfo.InvariantCulture, $"not one JSON object: look at line {fault.LineNumber + 1}")];
        }
        catch (InvalidOperationException)
        {
            return ["a key is not UTF-8 or holds half of a surrogate pair"];
        }

        if (faults.Count == 0 && limits.Queue.PerSender > limits.Queue.PerRecipient)
            faults.Add("queue.perSender is more than queue.perRecipient: lower the one or raise the other");
        return faults;
    }

    private static LimitSet ReadSection(JsonElement section, string name, LimitSet limits, List<string> faults)
    {
        if (section.ValueKind != JsonValueKind.Object)
        {
            faults.Add(name.Length == 0 ? "not one JSON object" : $"{name} must be an object with the keys {string.Join(", ", Keys[name])}");
            return limits;
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonProperty property in section.EnumerateObject())
        {
            string key = name.Length == 0 ? property.Name : $"{name}.{property.Name}";
            if (!seen.Add(key)) faults.Add($"{key} stands there twice");
            else if (LimitFields.All.FirstOrDefault(field => Section(field.Name) == name && field.Name == key) is { } field) limits = ReadNumber(property.Value, field, limits, faults);
            else if (name.Length == 0 && property.Name.Length > 0 && Keys.Contains(property.Name)) limits = ReadSection(property.Value, property.Name, limits, faults);
            else faults.Add($"{key[..Math.Min(key.Length, MostKeyShown)]} is not known: {(name.Length == 0 ? "the file" : name)} takes {Known(name)}");
        }

        return limits;
    }

    private static LimitSet ReadNumber(JsonElement value, LimitField field, LimitSet limits, List<string> faults)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= field.Least && number <= field.Most) return field.With(limits, number);
        faults.Add(string.Create(CultureInfo.InvariantCulture, $"{field.Name} must be a whole number from {field.Least} to {field.Most}"));
        return limits;
    }

    private static string Known(string section) => string.Join(", ", section.Length == 0 ? Keys.Where(s => s.Key.Length > 0).Select(s => s.Key).Concat(Keys[""]) : Keys[section]);

    private static string Section(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : string.Empty;
}
