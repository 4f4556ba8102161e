using System.Globalization;
using Edge.Link.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Api.Grpc.Translation;

/// <summary>The one error table: what a reason is called, and what HTTP, gRPC and the edge link answer. docs/errors.md is its text.</summary>
internal static class StatusMapping
{
    /// <summary><c>google.rpc.ErrorInfo.domain</c> of every refusal.</summary>
    public const string Domain = "edge";

    /// <summary>What details a status may hold: JSON needs their descriptors.</summary>
    public static readonly TypeRegistry Details = TypeRegistry.FromMessages(ErrorInfo.Descriptor, RetryInfo.Descriptor);

    private static readonly JsonFormatter Json = new(new JsonFormatter.Settings(formatDefaultValues: true, Details));

    /// <summary>Name on the wire, HTTP status, gRPC status.</summary>
    public static (string Name, int Http, StatusCode Grpc) Of(Reason reason) => reason switch
    {
        Reason.ContentType => ("CONTENT_TYPE", 415, StatusCode.InvalidArgument),
        Reason.Malformed => ("MALFORMED", 400, StatusCode.InvalidArgument),
        Reason.UnknownKey => ("UNKNOWN_KEY", 400, StatusCode.InvalidArgument),
        Reason.RepeatedKey => ("REPEATED_KEY", 400, StatusCode.InvalidArgument),
        Reason.BodyTooLarge => ("BODY_TOO_LARGE", 413, StatusCode.InvalidArgument),
        Reason.BadMessageId => ("BAD_MESSAGE_ID", 400, StatusCode.InvalidArgument),
        Reason.BadRecipient => ("BAD_RECIPIENT", 400, StatusCode.InvalidArgument),
        Reason.BadText => ("BAD_TEXT", 400, StatusCode.InvalidArgument),
        Reason.TextTooLong => ("TEXT_TOO_LONG", 400, StatusCode.InvalidArgument),
        Reason.BadCredentials => ("BAD_CREDENTIALS", 401, StatusCode.Unauthenticated),
        Reason.TooManyFailures => ("TOO_MANY_FAILURES", 429, StatusCode.ResourceExhausted),
        Reason.UnknownRecipient => ("UNKNOWN_RECIPIENT", 404, StatusCode.NotFound),
        Reason.UnknownMessage => ("UNKNOWN_MESSAGE", 404, StatusCode.NotFound),
        Reason.IdReused => ("ID_REUSED", 409, StatusCode.AlreadyExists),
        Reason.QueueFull => ("QUEUE_FULL", 429, StatusCode.ResourceExhausted),
        Reason.RateExceeded => ("RATE_EXCEEDED", 429, StatusCode.ResourceExhausted),
        Reason.StoreUnavailable => ("STORE_UNAVAILABLE", 503, StatusCode.Unavailable),
        Reason.BadToken => ("BAD_TOKEN", 400, StatusCode.InvalidArgument),
        Reason.TooManyStreams => ("TOO_MANY_STREAMS", 429, StatusCode.ResourceExhausted),
        Reason.CoreStopping => ("CORE_STOPPING", 503, StatusCode.Unavailable),
        Reason.NotRegistered => ("NOT_REGISTERED", 403, StatusCode.PermissionDenied),
        Reason.BadAccount => ("BAD_ACCOUNT", 400, StatusCode.InvalidArgument),
        Reason.AccountExists => ("ACCOUNT_EXISTS", 409, StatusCode.AlreadyExists),
        Reason.UnknownAccount => ("UNKNOWN_ACCOUNT", 404, StatusCode.NotFound),
        Reason.BadPage => ("BAD_PAGE", 400, StatusCode.InvalidArgument),
        Reason.ImportTooLarge => ("IMPORT_TOO_LARGE", 400, StatusCode.InvalidArgument),
        Reason.UnknownRoute => ("UNKNOWN_ROUTE", 404, StatusCode.Unimplemented),
        Reason.Internal => ("INTERNAL", 500, StatusCode.Internal),
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "A reason without an answer."),
    };

    /// <summary>The word of the edge link, which the edge makes a SIP status of.</summary>
    public static Refusal ToLink(Reason reason) => reason switch
    {
        Reason.BadRecipient => Refusal.BadRecipient,
        Reason.BadText => Refusal.BadText,
        Reason.TextTooLong => Refusal.TextTooLong,
        Reason.UnknownRecipient => Refusal.UnknownRecipient,
        Reason.IdReused => Refusal.IdReused,
        Reason.QueueFull or Reason.RateExceeded => Refusal.OverLimit,
        Reason.StoreUnavailable => Refusal.Unavailable,
        Reason.NotRegistered => Refusal.NotRegistered,
        Reason.Malformed => Refusal.Malformed,
        Reason.Internal => Refusal.Fault,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "A submission is never refused for this."),
    };

    /// <summary>The status with its details, the same for JSON and gRPC.</summary>
    public static Status ToStatus(Refused refused)
    {
        (string name, _, StatusCode code) = Of(refused.Reason);
        ErrorInfo info = new() { Reason = name, Domain = Domain };
        if (refused.Counts is { } counts)
        {
            info.Metadata.Add("graphemes", counts.Graphemes.ToString(CultureInfo.InvariantCulture));
            info.Metadata.Add("codePoints", counts.CodePoints.ToString(CultureInfo.InvariantCulture));
            info.Metadata.Add("utf16Units", counts.Utf16Units.ToString(CultureInfo.InvariantCulture));
            info.Metadata.Add("bytes", counts.Bytes.ToString(CultureInfo.InvariantCulture));
        }

        Status status = new() { Code = (int)code, Message = refused.Message, Details = { Any.Pack(info) } };
        if (refused.RetryAfterSeconds is > 0 and int seconds)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)) }));
        return status;
    }

    /// <summary>As JSON transcoding writes it: <c>{"code", "message", "details"}</c>.</summary>
    public static string ToJson(Status status) => Json.Format(status);
}
