using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;

namespace Core.Store.Presence;

/// <summary>Ends the registrations of an account whose password has changed, or that is gone: this core tells the edges it reaches, and asks the others over a Redis channel.</summary>
/// <remarks>
/// The bindings have gone from Redis with the change, and the core takes no ticket of before: such a flow can neither send nor receive. This ends it at the edge too.
/// Told over the channel is where the flow is, not whose: there the whole connection registers anew. A message that is lost leaves a flow that is good for nothing until
/// its next refresh.
/// </remarks>
internal sealed class Revocations(RedisConnection redis, IDeliveryPort port, ILogger<Revocations> logger)
{
    /// <summary>Begins to listen, once Redis is connected.</summary>
    public async Task StartAsync()
    {
        try
        {
            await redis.Subscriber.SubscribeAsync(RedisKeys.Revoked, (_, line) => Heard((string?)line)).ConfigureAwait(false);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
        {
            StoreLog.HintsOff(logger, fault.GetType().Name);
        }
    }

    /// <summary>Ends them. Never throws for a Redis that does not answer: what could be done has been.</summary>
    /// <param name="bindings">As <c>bindings.lua</c> writes them; empty for none.</param>
    public async Task RevokeAsync(AccountAddress account, string bindings)
    {
        foreach (string line in bindings.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (BindingLine.Flow(line) is not { } flow || port.Revoke(flow, account)) continue;
            try
            {
                await redis.Subscriber.PublishAsync(RedisKeys.Revoked, string.Create(CultureInfo.InvariantCulture, $"{flow.Epoch}\t{flow.Flow}\t{flow.EdgeId}")).ConfigureAwait(false);
            }
            catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException)
            {
                StoreLog.HintLost(logger, fault);
            }
        }
    }

    private void Heard(string? line)
    {
        string[] fields = line?.Split('\t') ?? [];
        if (fields.Length == 3 && long.TryParse(fields[0], CultureInfo.InvariantCulture, out long epoch) && ulong.TryParse(fields[1], CultureInfo.InvariantCulture, out ulong flow))
            port.Revoke(new FlowId(fields[2], epoch, flow), account: null);
    }
}
