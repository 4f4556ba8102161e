using System.Text.Json;
using System.Text.Json.Serialization;

namespace Load.Scenarios;

/// <summary>Reads scenario files: strictly, so that a misspelt key is told instead of passed over.</summary>
internal static class ScenarioFile
{
    private const string Folder = "scenarios/";
    private const string SchemaName = "scenario.schema";

    /// <summary>How scenarios are written and read; results too hold the scenario they are about.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        Converters = { new Durations.Converter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Those that come with the kit, by name.</summary>
    public static IEnumerable<string> Names => typeof(ScenarioFile).Assembly.GetManifestResourceNames()
        .Where(static name => name.StartsWith(Folder, StringComparison.Ordinal))
        .Select(static name => Path.GetFileNameWithoutExtension(name[Folder.Length..]))
        .Where(static name => name != SchemaName)
        .Order(StringComparer.Ordinal);

    /// <summary>One of the kit's by its name, or a file by its path.</summary>
    /// <exception cref="ScenarioException">There is none, or it cannot be used.</exception>
    public static Scenario Load(string nameOrPath)
    {
        if (Names.Contains(nameOrPath)) return Parse(ReadOwn(nameOrPath), nameOrPath);
        if (!File.Exists(nameOrPath)) throw new ScenarioException($"There is no scenario {nameOrPath}: give the path of a file, or one of {string.Join(", ", Names)}.");
        return Parse(File.ReadAllText(nameOrPath), nameOrPath);
    }

    /// <inheritdoc cref="Load"/>
    public static Scenario Parse(string json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            Dictionary<string, JsonElement> members = document.RootElement.Deserialize<Dictionary<string, JsonElement>>() ?? [];
            members.Remove("$schema");   // for editors
            return JsonSerializer.SerializeToElement(members).Deserialize<Scenario>(Json) ?? throw new ScenarioException($"{source} is empty.");
        }
        catch (JsonException fault)
        {
            throw new ScenarioException($"{source} cannot be read: {fault.Message}");
        }
    }

    private static string ReadOwn(string name)
    {
        using Stream stream = typeof(ScenarioFile).Assembly.GetManifestResourceStream($"{Folder}{name}.json")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
