namespace Api.Grpc.Streams;

/// <summary>What a client's stream is for: a closed set, used in metrics.</summary>
internal enum StreamKind
{
    /// <summary>WatchMessages.</summary>
    Watch,

    /// <summary>ReceiveMessages.</summary>
    Receive,
}
