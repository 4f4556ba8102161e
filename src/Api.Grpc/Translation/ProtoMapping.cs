using Core.Store.Mailboxes;
using Wire = Edge.Messages.V1.MessageState;

namespace Api.Grpc.Translation;

/// <summary>The store's words in those of the public API.</summary>
internal static class ProtoMapping
{
    public static Wire ToWire(MessageState state) => state switch
    {
        MessageState.Enqueued => Wire.Enqueued,
        MessageState.Delivered => Wire.Delivered,
        MessageState.Expired => Wire.Expired,
        MessageState.InvalidRecipient => Wire.InvalidRecipient,
        MessageState.InvalidDevice => Wire.InvalidDevice,
        MessageState.InvalidPayload => Wire.InvalidPayload,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state without a word."),
    };
}
