using Core.Store.Limits;

namespace Api.Grpc.Tests.Support;

/// <summary>Limits that the test changes while they are in use; the defaults until then.</summary>
internal sealed class TestLimits : ILimits
{
    public LimitSet Current { get; set; } = new();
}
