using Api.Grpc.Authentication;
using Api.Grpc.Diagnostics;
using Api.Grpc.Options;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Accounts;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Streams;

/// <summary>The streams that clients have open at this core: how many, and when each has to end.</summary>
/// <remarks>They end when the account is deleted or gets another password (within 5 s, spec, Numbers), and when the core stops.</remarks>
internal sealed class ClientStreams(IAccountStore accounts, CoreMetrics metrics, TimeProvider time, IOptions<ApiOptions> options, ILogger<ClientStreams> logger)
{
    /// <summary>With the time of one read of Redis: within 5 s. Logins are cached for 5 s, so they are not what is asked here.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(4);

    private static readonly Refused Stopping = new(
        Reason.CoreStopping, "This core is stopping: open the stream again, a watch with its last token.", RetryAfter: TimeSpan.FromSeconds(1));

    private readonly ApiOptions _options = options.Value;
    private readonly Lock _counting = new();
    private readonly HashSet<ClientStream> _open = [];
    private readonly Dictionary<AccountAddress, int> _byAccount = [];
    private bool _stopping;

    /// <summary>Serves one stream, until it ends by itself or has to.</summary>
    /// <param name="context">Of the call.</param>
    /// <param name="kind">For the metrics.</param>
    /// <param name="serve">Ends when <see cref="ClientStream.Ended"/> is cancelled.</param>
    /// <exception cref="RefusedException">Too many streams, or why it had to end.</exception>
    public async Task RunAsync(ServerCallContext context, StreamKind kind, Func<ClientStream, Task> serve)
    {
        HttpContext http = context.GetHttpContext();
        CallerFeature caller = CallerFeature.Of(http);
        using ClientStream stream = new(caller.Account, caller.CredentialVersion, http.Abort, context.CancellationToken);
        Enter(stream);
        metrics.StreamOpened(kind);
        Task guarding = GuardAsync(stream, context.Method);
        try
        {
            await serve(stream).ConfigureAwait(false);
        }
        catch (Exception e) when (stream.Ended.IsCancellationRequested && e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // how a read or a write of an ended stream ends
        }
        finally
        {
            stream.End();
            await guarding.ConfigureAwait(false);
            Leave(stream);
            metrics.StreamClosed(kind);
        }

        if (stream.Why is { } why) throw new RefusedException(why);
    }

    /// <summary>This core is stopping: all streams end at once, and none is opened any more.</summary>
    public void EndAll()
    {
        ClientStream[] open;
        lock (_counting)
        {
            _stopping = true;
            open = [.. _open];
        }

        foreach (ClientStream stream in open) stream.End(Stopping);
    }

    private void Enter(ClientStream stream)
    {
        lock (_counting)
        {
            if (_stopping) throw new RefusedException(Stopping);
            int ofAccount = _byAccount.GetValueOrDefault(stream.Account);
            if (ofAccount >= _options.MaxStreamsPerAccount)
                throw new RefusedException(TooMany($"This account has {ofAccount} streams open here: end one of them."));
            if (_open.Count >= _options.MaxStreams) throw new RefusedException(TooMany("This core has too many streams open: try again, at another core if there is one."));
            _byAccount[stream.Account] = ofAccount + 1;
            _open.Add(stream);
        }
    }

    private void Leave(ClientStream stream)
    {
        lock (_counting)
        {
            _open.Remove(stream);
            int left = _byAccount[stream.Account] - 1;
            if (left == 0) _byAccount.Remove(stream.Account);
            else _byAccount[stream.Account] = left;
        }
    }

    private async Task GuardAsync(ClientStream stream, string method)
    {
        using PeriodicTimer timer = new(LookAgainAfter, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stream.Ended).ConfigureAwait(false))
            {
                Account? account = await accounts.GetAsync(stream.Account).ConfigureAwait(false);
                if (account is null || account.CredentialVersion != stream.CredentialVersion) stream.End(Refused.Credentials);
            }
        }
        catch (OperationCanceledException)
        {
            // the stream ended
        }
        catch (StoreUnavailableException)
        {
            stream.End(Refused.Store);
        }
        catch (Exception fault)   // a stream that nobody guards must not go on
        {
            CoreLog.MethodFailed(logger, method, fault);
            stream.End(Refused.Fault);
        }
    }

    private static Refused TooMany(string message) => new(Reason.TooManyStreams, message, RetryAfter: TimeSpan.FromSeconds(30));
}
