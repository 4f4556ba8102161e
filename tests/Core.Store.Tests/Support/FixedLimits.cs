using Core.Store.Limits;

namespace Core.Store.Tests.Support;

/// <summary>Limits without a file to watch.</summary>
internal sealed record FixedLimits(LimitSet Current) : ILimits;
