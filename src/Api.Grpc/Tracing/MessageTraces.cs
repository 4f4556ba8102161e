using System.Diagnostics;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Api.Grpc.Tracing;

/// <summary>Begins the spans of messages. The trace of a message is named by a keyed hash of sender and id, so whichever core does the next step of it adds to the same trace, days later too, with nothing stored.</summary>
/// <remarks>Attributes hold ids, states, numbers and times: no text, no address, nothing of a client's own words.</remarks>
internal sealed class MessageTraces(IDerivedKeys keys) : IDisposable
{
    public const string SourceName = "Edge.Messages";

    private readonly ActivitySource _source = new(SourceName);
    private readonly KeyedHash _key = keys.Hash("trace-id");

    /// <summary>Begins a step of a message; null if its trace is not one of those that are kept.</summary>
    /// <param name="began">When the step began; default: now.</param>
    public Activity? Begin(string name, ActivityKind kind, AccountAddress sender, Guid messageId, DateTimeOffset began = default)
    {
        Span<byte> id = stackalloc byte[16];
        _key.Compute(Encoding.UTF8.GetBytes($"{sender.User}@{sender.Domain}\0{messageId:N}"), id);
        ActivityContext trace = new(ActivityTraceId.CreateFromBytes(id), default, ActivityTraceFlags.None);   // no span above it: the steps stand side by side
        return _source.StartActivity(name, kind, trace, startTime: began)?.SetTag("edge.message_id", messageId.ToString("D"));
    }

    /// <summary>Begins a part of the step under way.</summary>
    public Activity? Begin(string name) => _source.StartActivity(name, ActivityKind.Client);

    public void Dispose() => _source.Dispose();
}
