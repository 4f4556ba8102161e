namespace Edge.Sip.Transport.Native;

/// <summary>A connection of another sort that a reactor serves beside its clients': the link to a core. Called by the reactor's thread alone.</summary>
internal interface IReactorGuest
{
    /// <summary>Its socket, which does not block.</summary>
    int Descriptor { get; }

    /// <summary>What epoll is to tell of it.</summary>
    uint Interest { get; }

    /// <summary>When its turn comes although nothing has happened, by <see cref="Environment.TickCount64"/>; <see cref="long.MaxValue"/>: never.</summary>
    long DueMs { get; }

    /// <summary>Whether it is over: the reactor forgets it, and it has closed its socket.</summary>
    bool IsOver { get; }

    /// <summary>The socket has something to read, or has room again.</summary>
    void Ready();

    /// <summary>The reactor is at the end of a turn: what has piled up in it may leave.</summary>
    void EndTurn();

    /// <summary>The reactor stops.</summary>
    void Abandon();
}
