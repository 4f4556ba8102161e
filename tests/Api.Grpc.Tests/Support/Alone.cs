namespace Api.Grpc.Tests.Support;

/// <summary>Tests that run while no other core does: a scrape sees the meters of the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
