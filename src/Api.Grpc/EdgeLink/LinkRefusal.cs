namespace Api.Grpc.EdgeLink;

/// <summary>Why a link, or an event on one, was refused: a closed set, used in metrics.</summary>
internal enum LinkRefusal
{
    /// <summary>The certificate is not an edge's, or names it like a receiving stream.</summary>
    Certificate,

    /// <summary>The first event is not a Hello that this core can use.</summary>
    Hello,

    /// <summary>Hello names another edge than the certificate.</summary>
    EdgeId,

    /// <summary>A newer start of the edge is connected, or this core is stopping.</summary>
    Superseded,

    /// <summary>The store cannot be reached.</summary>
    Store,

    /// <summary>The ticket is not this account's on this flow of this edge, or no longer.</summary>
    Ticket,
}
