namespace Api.Grpc.Rates;

/// <summary>How often something may happen.</summary>
/// <param name="Burst">So many at once after a rest.</param>
/// <param name="PerSecond">So many a second without one.</param>
internal readonly record struct Rate(int Burst, double PerSecond);
