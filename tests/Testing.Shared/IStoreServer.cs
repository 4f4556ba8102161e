namespace Testing.Shared;

/// <summary>A server that speaks RESP, started by a test.</summary>
public interface IStoreServer : IAsyncDisposable
{
    /// <summary>Host and port.</summary>
    string Endpoint { get; }

    /// <summary>Whether it keeps an append-only file: else the core needs its development switch.</summary>
    bool IsDurable { get; }
}
