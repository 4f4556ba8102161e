using System.Buffers.Binary;
using System.Text;

namespace Journey.Tests.Identity;

/// <summary>SendMessage by gRPC, written byte by byte: so it can carry fields and metadata that no stub would.</summary>
internal static class GrpcSend
{
    /// <param name="extra">Field numbers and texts beside those the method knows.</param>
    /// <param name="metadata">Sent as it is.</param>
    /// <returns>The status by its name.</returns>
    public static async Task<string> SendAsync(HttpClient http, int port, Guid id, string recipient, string text, (int Field, string Value)? extra, IEnumerable<(string Name, string Value)> metadata)
    {
        List<byte> message = [.. Field(1, id.ToString()), .. Field(2, recipient), .. Field(3, text)];
        if (extra is { } unknown) message.AddRange(Field(unknown.Field, unknown.Value));
        byte[] frame = [0, 0, 0, 0, 0, .. message];   // not compressed, then the length (gRPC over HTTP/2)
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Count);

        using HttpRequestMessage request = new(HttpMethod.Post, $"https://localhost:{port}/edge.messages.v1.MessagesService/SendMessage")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TE.Add(new("trailers"));
        foreach ((string name, string value) in metadata) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        using HttpResponseMessage answer = await http.SendAsync(request);
        _ = await answer.Content.ReadAsByteArrayAsync();   // the trailers come behind it
        string status = (answer.TrailingHeaders.TryGetValues("grpc-status", out var values) || answer.Headers.TryGetValues("grpc-status", out values)) ? values.Single() : $"HTTP {answer.StatusCode}";
        return status switch { "0" => "OK", "3" => "INVALID_ARGUMENT", "16" => "UNAUTHENTICATED", _ => status };
    }

    /// <summary>A string field; numbers up to 15 and texts up to 127 bytes take a byte each.</summary>
    private static byte[] Field(int number, string value)
    {
        Assert.True(number is > 0 and < 16 && Encoding.UTF8.GetByteCount(value) < 128);
        return [(byte)((number << 3) | 2), (byte)Encoding.UTF8.GetByteCount(value), .. Encoding.UTF8.GetBytes(value)];
    }
}
