using System.Text.Json;
using System.Text.Unicode;
using Google.Protobuf.Reflection;

namespace Api.Grpc.Translation;

/// <summary>What JSON transcoding lets pass and this API does not: unknown and repeated keys, values of another type, bytes that are not UTF-8.</summary>
/// <remarks>A key may be spelled as in JSON (<c>messageId</c>) or as in the proto (<c>message_id</c>); both are one key.</remarks>
internal static class JsonBodyCheck
{
    private static readonly Refused NotJson = new(Reason.Malformed, "The body is not one JSON object.");

    /// <param name="body">The whole body.</param>
    /// <param name="message">The request's type. Its fields that may stand in a body are strings and booleans.</param>
    /// <param name="inPath">Names of the fields that the path gives: not keys of the body.</param>
    /// <returns>The first fault; null if there is none.</returns>
    public static Refused? Check(ReadOnlySpan<byte> body, MessageDescriptor message, ICollection<string> inPath)
    {
        if (!Utf8.IsValid(body)) return new Refused(Reason.Malformed, "The body is not UTF-8.");
        Utf8JsonReader reader = new(body);
        try
        {
            return Check(ref reader, message, inPath);
        }
        catch (JsonException)
        {
            return NotJson;
        }
        catch (InvalidOperationException)
        {
            return new Refused(Reason.Malformed, "A string holds half of a surrogate pair.");
        }
    }

    private static Refused? Check(ref Utf8JsonReader reader, MessageDescriptor message, ICollection<string> inPath)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return NotJson;
        ulong seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            FieldDescriptor? field = Find(message, reader.GetString()!);
            if (field is null || inPath.Contains(field.Name))
                return new Refused(Reason.UnknownKey, $"A key is not one of: {Keys(message, inPath)}.");
            ulong bit = 1UL << field.Index;
            if ((seen & bit) != 0) return new Refused(Reason.RepeatedKey, $"The key {field.JsonName} stands there twice.");
            seen |= bit;
            reader.Read();
            if (CheckValue(ref reader, field) is { } refused) return refused;
        }

        reader.Read();   // throws for anything after the object
        return null;
    }

    private static Refused? CheckValue(ref Utf8JsonReader reader, FieldDescriptor field)
    {
        if (field.FieldType == FieldType.Bool)
        {
            return reader.TokenType is JsonTokenType.True or JsonTokenType.False
                ? null
                : new Refused(Reason.Malformed, $"The value of {field.JsonName} must be true or false.");
        }

        if (reader.TokenType == JsonTokenType.String)
        {
            reader.GetString();   // throws for half of a surrogate pair
            return null;
        }

        return field.Name == "recipient"
            ? new Refused(Reason.BadRecipient, "The recipient must be one string: exactly one account.")
            : new Refused(Reason.Malformed, $"The value of {field.JsonName} must be a string.");
    }

    private static FieldDescriptor? Find(MessageDescriptor message, string key)
    {
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
        {
            if (field.JsonName == key || field.Name == key) return field;
        }

        return null;
    }

    private static string Keys(MessageDescriptor message, ICollection<string> inPath) => string.Join(
        ", ", message.Fields.InDeclarationOrder().Where(f => !inPath.Contains(f.Name)).Select(f => f.JsonName));
}
