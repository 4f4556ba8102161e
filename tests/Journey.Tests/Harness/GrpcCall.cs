using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Journey.Tests.Harness;

/// <summary>A gRPC call made by hand over HTTP/2, so that method, metadata and message can be anything.</summary>
internal static class GrpcCall
{
    /// <summary>Calls and reads everything that comes back.</summary>
    /// <param name="http">Trusts the server.</param>
    /// <param name="port">On loopback.</param>
    /// <param name="method">Service and method.</param>
    /// <param name="message">The request's bytes.</param>
    /// <param name="metadata">Names and values as they are.</param>
    /// <returns>grpc-status, and everything that was answered as one text, base64 decoded.</returns>
    public static async Task<(string Status, string Answer)> AskAsync(HttpClient http, int port, string method, byte[] message, params (string Name, string Value)[] metadata)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"https://localhost:{port}/{method}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        request.Content = new ByteArrayContent(frame);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach ((string name, string value) in metadata) request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await http.SendAsync(request);
        StringBuilder answer = new(Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync()));
        string status = string.Empty;
        foreach ((string name, IEnumerable<string> values) in response.Headers.Concat(response.TrailingHeaders))
        {
            string value = string.Join(',', values);
            if (name == "grpc-status") status = value;
            if (name.EndsWith("-bin", StringComparison.Ordinal)) value = Encoding.Latin1.GetString(Convert.FromBase64String(value.PadRight((value.Length + 3) / 4 * 4, '=')));
            answer.Append('\n').Append(name).Append(": ").Append(value);
        }

        return (status, answer.ToString());
    }

    /// <summary>A protobuf message of strings, numbered from 1.</summary>
    public static byte[] Message(params string[] fields) => [.. fields.SelectMany((field, i) => Field(i + 1, Encoding.UTF8.GetBytes(field)))];

    /// <summary>One field of bytes, a string or a message.</summary>
    public static byte[] Field(int number, byte[] value)
    {
        List<byte> bytes = [(byte)((number << 3) | 2)];
        for (int rest = value.Length; ; rest >>= 7)
        {
            bytes.Add((byte)(rest < 0x80 ? rest : (rest & 0x7F) | 0x80));
            if (rest < 0x80) break;
        }

        return [.. bytes, .. value];
    }
}
