using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Edge.Sip.Tests.Parsing;

/// <summary>One row for each way the text may arrive: whole, cut at each offset, byte by byte.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EverySplitOfAttribute(string text) : DataAttribute
{
    public string Text { get; } = text;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Pieces.Every(Sample.Bytes(Text)).Select(pieces => new TheoryDataRow<Pieces>(pieces))]);

    public override bool SupportsDiscoveryEnumeration() => false;   // the rows are not serializable, and too many to list
}
