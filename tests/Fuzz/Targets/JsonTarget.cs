extern alias core;

using core::Api.Grpc.Translation;
using core::Edge.Messages.V1;
using Google.Protobuf;

namespace Fuzz.Targets;

/// <summary>The filter before JSON transcoding. What it lets pass must be read by transcoding's reader too.</summary>
internal static class JsonTarget
{
    private static readonly string[] InPath = [];
    private static readonly JsonParser Reader = new(JsonParser.Settings.Default);

    public static void Run(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 16_384) return;   // larger bodies are refused before
        if (JsonBodyCheck.Check(bytes, SendMessageRequest.Descriptor, InPath) is not null) return;
        SendMessageRequest request = Reader.Parse<SendMessageRequest>(System.Text.Encoding.UTF8.GetString(bytes));
        _ = request.CalculateSize();
    }
}
