using System.Buffers;
using System.IO.Pipelines;

namespace Api.Grpc.Translation;

/// <summary>Reads a whole request body that must not be larger than a limit.</summary>
internal static class BoundedBody
{
    /// <returns>The body; null if it is larger, whether its Content-Length says so or not.</returns>
    public static async ValueTask<byte[]?> ReadAsync(HttpRequest request, int mostBytes, CancellationToken cancel)
    {
        if (request.ContentLength > mostBytes) return null;
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancel).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.Length > mostBytes)
            {
                reader.AdvanceTo(buffer.End);
                return null;
            }

            if (result.IsCompleted)
            {
                byte[] body = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return body;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
