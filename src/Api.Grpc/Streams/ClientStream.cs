using Api.Grpc.Translation;
using Core.Store.Accounts;

namespace Api.Grpc.Streams;

/// <summary>A client's open stream: whose it is, and why it is to end.</summary>
internal sealed class ClientStream : IDisposable
{
    private readonly CancellationTokenSource _end;
    private Refused? _why;

    /// <param name="account">Whose it is.</param>
    /// <param name="credentialVersion">Of the credentials it was opened with.</param>
    /// <param name="abort">Resets the stream without a word.</param>
    /// <param name="closed">Cancelled when the client is gone.</param>
    public ClientStream(AccountAddress account, int credentialVersion, Action abort, CancellationToken closed)
    {
        (Account, CredentialVersion, Abort) = (account, credentialVersion, abort);
        _end = CancellationTokenSource.CreateLinkedTokenSource(closed);
        Ended = _end.Token;
    }

    public AccountAddress Account { get; }

    public int CredentialVersion { get; }

    /// <summary>Cancelled when the stream is to end, for whatever reason.</summary>
    public CancellationToken Ended { get; }

    /// <summary>What the client is told at the end, the first reason given; null if it ended the stream itself.</summary>
    public Refused? Why => _why;

    /// <summary>Resets the stream without a word: a client that reads nothing cannot be told.</summary>
    public Action Abort { get; }

    /// <summary>Ends the stream, for a reason of the server's.</summary>
    public void End(Refused why)
    {
        Interlocked.CompareExchange(ref _why, why, null);
        End();
    }

    /// <summary>Ends the stream.</summary>
    public void End()
    {
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it has ended on its own meanwhile
        }
    }

    public void Dispose() => _end.Dispose();
}
