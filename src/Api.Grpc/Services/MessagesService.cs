using System.Buffers;
using Api.Grpc.Authentication;
using Api.Grpc.Messages;
using Api.Grpc.Options;
using Api.Grpc.Streams;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Edge.Messages.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Services;

/// <summary>The public API, by gRPC and by JSON: the same methods.</summary>
internal sealed class MessagesService(
    MessageIntake intake, IMessageStore store, ClientStreams streams, StatusWatch watch, MessageReceiver receiver, ILimits limits,
    IOptions<CoreStoreOptions> storeOptions, IOptions<ApiOptions> apiOptions)
    : Edge.Messages.V1.MessagesService.MessagesServiceBase
{
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789abcdefABCDEF-");

    /// <summary>What a client's own queue adds to the validity (spec, "One id for life").</summary>
    private static readonly TimeSpan ClientQueue = TimeSpan.FromHours(12);

    public override async Task<SendMessageResponse> SendMessage(SendMessageRequest request, ServerCallContext context)
    {
        Guid id = ParseId(request.MessageId);
        HttpContext http = context.GetHttpContext();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(request.Text);
        ReceiptRequest? receipts = request.Receipt ? new ReceiptRequest(string.Empty, Delivered: true, Failed: true) : null;
        Intake end = await intake.AcceptAsync(Ways.Of(http), CallerFeature.Of(http).Account, id, request.Recipient, text, receipts).ConfigureAwait(false);
        if (end.Refused is not null) throw new RefusedException(end.Refused);
        MessageStatus status = end.Status!;
        return new SendMessageResponse
        {
            MessageId = id.ToString("D"),
            State = ProtoMapping.ToWire(status.State),
            AcceptTime = Timestamp.FromDateTimeOffset(status.AcceptTime),
            ExpireTime = Timestamp.FromDateTimeOffset(status.ExpireTime),
        };
    }

    public override async Task<GetMessageResponse> GetMessage(GetMessageRequest request, ServerCallContext context)
    {
        Guid id = ParseId(request.MessageId);
        MessageStatus status = await store.FindAsync(CallerFeature.Of(context.GetHttpContext()).Account, id).ConfigureAwait(false)
            ?? throw new RefusedException(Reason.UnknownMessage, "You have sent no message with this id, or too long ago.");
        return new GetMessageResponse
        {
            MessageId = id.ToString("D"),
            State = ProtoMapping.ToWire(status.State),
            AcceptTime = Timestamp.FromDateTimeOffset(status.AcceptTime),
            ExpireTime = Timestamp.FromDateTimeOffset(status.ExpireTime),
        };
    }

    public override Task WatchMessages(WatchMessagesRequest request, IServerStreamWriter<WatchMessagesResponse> responseStream, ServerCallContext context) =>
        streams.RunAsync(context, StreamKind.Watch, stream => watch.RunAsync(stream, request.ResumeToken, responseStream));

    public override Task ReceiveMessages(
        IAsyncStreamReader<ReceiveMessagesRequest> requestStream, IServerStreamWriter<ReceiveMessagesResponse> responseStream, ServerCallContext context) =>
        streams.RunAsync(context, StreamKind.Receive, stream => receiver.RunAsync(stream, context.GetHttpContext(), requestStream, responseStream));

    public override Task<GetLimitsResponse> GetLimits(GetLimitsRequest request, ServerCallContext context)
    {
        LimitSet current = limits.Current;
        TimeSpan validity = storeOptions.Value.Validity;
        return Task.FromResult(new GetLimitsResponse
        {
            MaxCharacters = current.Text.MaxCharacters,
            MaxTextBytes = current.Text.MaxTextBytes,
            MaxBodyBytes = apiOptions.Value.MaxBodyBytes,
            Validity = Duration.FromTimeSpan(validity),
            RepeatWindow = Duration.FromTimeSpan(validity + ClientQueue),
            MaxQueuedPerRecipient = current.Queue.PerRecipient,
            MaxQueuedPerSender = current.Queue.PerSender,
        });
    }

    /// <summary>Guid.TryParseExact alone takes blanks, signs and 0x too: then two texts would be one id.</summary>
    private static Guid ParseId(string text) => text.Length == 36 && !text.AsSpan().ContainsAnyExcept(IdCharacters) && Guid.TryParseExact(text, "D", out Guid id) && id != Guid.Empty
        ? id
        : throw new RefusedException(Reason.BadMessageId, "The message id must be a UUID of 8-4-4-4-12 hex digits, and not the nil one.");
}
