using System.Buffers.Binary;
using System.Globalization;
using Api.Grpc.Options;
using Edge.Admin.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Api.Grpc.Translation;

/// <summary>Stands before the JSON endpoints and the unary gRPC methods: content type, size, encoding and keys, as the error table says.</summary>
/// <remarks>What passes is whole and small, and goes on from memory. Streams of requests pass message by message: gRPC keeps their limit.</remarks>
internal sealed class RequestFilter(RequestDelegate next, RefusalWriter refusals, IOptions<ApiOptions> api)
{
    /// <summary>An import: 2 MiB of CSV, and what JSON escapes and quotes add.</summary>
    private const int ImportBodyBytes = 4 * 1_048_576;

    private const int GrpcPrefixBytes = 5;

    private static readonly Dictionary<string, MethodDescriptor> Methods = new[] { MessagesReflection.Descriptor, AccountsReflection.Descriptor, OperationsReflection.Descriptor }
        .SelectMany(file => file.Services).SelectMany(service => service.Methods)
        .ToDictionary(method => $"/{method.Service.FullName}/{method.Name}", StringComparer.Ordinal);

    private readonly int _bodyBytes = api.Value.MaxBodyBytes;

    public async Task InvokeAsync(HttpContext context)
    {
        Refused? refused;
        try
        {
            refused = await CheckAsync(context).ConfigureAwait(false);
        }
        catch (IOException e)   // broken chunks, an end before its length, a connection or stream that was reset
        {
            refused = e is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } ? TooLarge(ImportBodyBytes) : new Refused(Reason.Malformed, "The body is cut short or broken.");
        }

        if (refused is null) await next(context).ConfigureAwait(false);
        else await refusals.WriteAsync(context, refused).ConfigureAwait(false);
    }

    private ValueTask<Refused?> CheckAsync(HttpContext context)
    {
        EndpointMetadataCollection? metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<GrpcJsonTranscodingMetadata>() is { } json) return CheckJsonAsync(context, json);
        if (metadata?.GetMetadata<GrpcMethodMetadata>() is { } grpc && Ways.IsGrpc(context) && Methods.TryGetValue(grpc.Method.FullName, out MethodDescriptor? method))
            return method.IsClientStreaming ? new ValueTask<Refused?>(CheckStream(context.Request)) : CheckGrpcAsync(context, method);
        return new ValueTask<Refused?>((Refused?)null);
    }

    private async ValueTask<Refused?> CheckJsonAsync(HttpContext context, GrpcJsonTranscodingMetadata json)
    {
        MessageDescriptor message = json.MethodDescriptor.InputType;
        ICollection<string> inPath = context.Request.RouteValues.Keys;
        if (json.HttpRule.Body.Length == 0) return CheckQuery(context.Request.Query, message, inPath);

        if (!IsUtf8Json(context.Request)) return new Refused(Reason.ContentType, "Send application/json in UTF-8, without a content encoding.");
        if (context.Request.Query.Count > 0) return new Refused(Reason.UnknownKey, "This method takes no query parameters.");
        int most = BodyBytes(message);
        if (await BoundedBody.ReadAsync(context.Request, most, context.RequestAborted).ConfigureAwait(false) is not { } body) return TooLarge(most);
        if (JsonBodyCheck.Check(body, message, inPath) is { } refused) return refused;
        context.Request.ContentType = "application/json";   // transcoding does not know a quoted charset, which RFC 9110 §8.3.1 allows
        context.Request.Body = new MemoryStream(body, writable: false);
        return null;
    }

    /// <summary>Without this a message that is not one would be answered UNKNOWN or INTERNAL, and a large one RESOURCE_EXHAUSTED.</summary>
    private async ValueTask<Refused?> CheckGrpcAsync(HttpContext context, MethodDescriptor method)
    {
        int most = BodyBytes(method.InputType);
        if (await BoundedBody.ReadAsync(context.Request, most + GrpcPrefixBytes, context.RequestAborted).ConfigureAwait(false) is not { } body) return TooLarge(most);
        if (body.Length < GrpcPrefixBytes || body[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1)) != body.Length - GrpcPrefixBytes)
            return new Refused(Reason.Malformed, "The request is not one uncompressed message.");
        try
        {
            method.InputType.Parser.ParseFrom(body, GrpcPrefixBytes, body.Length - GrpcPrefixBytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return new Refused(Reason.Malformed, "The message is not protobuf, or a string in it is not UTF-8.");
        }

        context.Request.Body = new MemoryStream(body, writable: false);
        return null;
    }

    /// <summary>Compressed messages are refused here as they are elsewhere: a small one could unfold to a large one.</summary>
    private static Refused? CheckStream(HttpRequest request) => request.Headers["grpc-encoding"] is [] or ["identity"]
        ? null
        : new Refused(Reason.Malformed, "The requests must not be compressed.");

    private static Refused? CheckQuery(IQueryCollection query, MessageDescriptor message, ICollection<string> inPath)
    {
        ulong seen = 0;
        foreach (KeyValuePair<string, StringValues> parameter in query)
        {
            FieldDescriptor? field = message.Fields.InDeclarationOrder().FirstOrDefault(f => f.Name == parameter.Key || f.JsonName == parameter.Key);
            if (field is null || inPath.Contains(field.Name)) return new Refused(Reason.UnknownKey, "A query parameter is not known to this method.");
            ulong bit = 1UL << field.Index;
            if ((seen & bit) != 0 || parameter.Value.Count > 1) return new Refused(Reason.RepeatedKey, $"The parameter {field.JsonName} stands there twice.");
            seen |= bit;
            if (field.FieldType == FieldType.Int32 && !int.TryParse(parameter.Value, CultureInfo.InvariantCulture, out _))
                return new Refused(Reason.Malformed, $"The parameter {field.JsonName} must be a number.");
        }

        return null;
    }

    private int BodyBytes(MessageDescriptor message) => message == ImportAccountsRequest.Descriptor ? ImportBodyBytes : _bodyBytes;

    private static Refused TooLarge(int most) => new(Reason.BodyTooLarge, $"The body is larger than {most} bytes.");

    private static bool IsUtf8Json(HttpRequest request)
    {
        if (request.Headers.ContainsKey(HeaderNames.ContentEncoding)) return false;
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)) return false;
        if (!type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)) return false;
        return !type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
    }
}
