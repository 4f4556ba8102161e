namespace Edge.Sip.Transport;

/// <summary>What happens on connections. Calls for one connection come one after the other, never at once.</summary>
internal interface IConnectionHandler
{
    /// <summary>A connection is there; its handshake begins.</summary>
    void Accepted(Connection connection);

    /// <summary>Its handshake is done.</summary>
    void Secured(Connection connection);

    /// <summary>Bytes came in.</summary>
    /// <param name="unread">All that was received and not consumed; gone when the call returns.</param>
    /// <returns>How many bytes were consumed.</returns>
    int Received(Connection connection, ReadOnlySpan<byte> unread);

    /// <summary>It has ended; nothing is sent or received any more. Called once for each <see cref="Accepted"/>.</summary>
    void Ended(Connection connection);
}
