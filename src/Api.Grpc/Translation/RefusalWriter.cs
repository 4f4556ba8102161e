using System.Globalization;
using System.Text;
using Api.Grpc.Diagnostics;
using Google.Protobuf;
using Status = Google.Rpc.Status;

namespace Api.Grpc.Translation;

/// <summary>Writes a refusal that is decided before a service runs, in the form that the service would have used.</summary>
internal sealed class RefusalWriter(RefusalHeaders headers, CoreMetrics metrics)
{
    /// <summary>Answers and counts; the request's body is left unread.</summary>
    public Task WriteAsync(HttpContext context, Refused refused)
    {
        metrics.Refused(Ways.Of(context), refused.Reason);
        Status status = StatusMapping.ToStatus(refused);
        if (Ways.IsGrpc(context))
        {
            WriteTrailersOnly(context.Response, status);
            return Task.CompletedTask;
        }

        headers.Set(context, refused);
        context.Response.StatusCode = StatusMapping.Of(refused.Reason).Http;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(StatusMapping.ToJson(status), context.RequestAborted);
    }

    /// <summary>gRPC over HTTP/2, "Trailers-Only": one block of headers that ends the stream.</summary>
    private static void WriteTrailersOnly(HttpResponse response, Status status)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = PercentEncode(status.Message);
        response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }

    /// <summary>Printable ASCII but '%' as it is, all else as %XX of its UTF-8.</summary>
    private static string PercentEncode(string message)
    {
        StringBuilder encoded = new(message.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%') encoded.Append((char)b);
            else encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }
}
