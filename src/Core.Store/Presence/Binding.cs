namespace Core.Store.Presence;

/// <summary>A connection of a client at an edge. Epochs fence an edge's earlier starts, flows its earlier connections.</summary>
/// <param name="EdgeId">The edge's name.</param>
/// <param name="Epoch">Number of the edge's start.</param>
/// <param name="Flow">The edge's number for the connection, never reused within an epoch.</param>
public readonly record struct FlowId(string EdgeId, long Epoch, ulong Flow);

/// <summary>A registered device.</summary>
/// <param name="Flow">Where it is.</param>
/// <param name="Device">What tells it from the account's other devices.</param>
/// <param name="Expires">When the registration ends.</param>
public sealed record Binding(FlowId Flow, string Device, DateTimeOffset Expires);
