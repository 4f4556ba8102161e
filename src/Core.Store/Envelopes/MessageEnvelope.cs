namespace Core.Store.Envelopes;

internal static class MessageEnvelope
{
    public const int LargeText = 4_096;
}
