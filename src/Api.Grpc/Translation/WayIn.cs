namespace Api.Grpc.Translation;

/// <summary>How a request came in: a closed set, used in metrics.</summary>
internal enum WayIn
{
    /// <summary>HTTPS with JSON.</summary>
    Post,

    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>SIP, over an edge.</summary>
    Sip,

    /// <summary>The operators' API, either form.</summary>
    Admin,
}
