using Core.Store.Presence;

namespace Api.Grpc.Streams;

/// <summary>Names the flows of receiving streams: their edge is called <c>api:</c> and the core's id (docs/adr/0004).</summary>
internal static class StreamFlows
{
    private const string Prefix = "api:";

    /// <summary>The name under which a core's streams are registered.</summary>
    public static string EdgeIdOf(string coreId) => Prefix + coreId;

    public static bool IsStream(FlowId flow) => IsStream(flow.EdgeId);

    public static bool IsStream(string edgeId) => edgeId.StartsWith(Prefix, StringComparison.Ordinal);
}
