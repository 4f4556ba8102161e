using Xunit.v3;

namespace Testing.Shared;

/// <summary>Names the rows of docs/spec.md that a test, or every test of a class, shows: <c>tests/spec-coverage</c> makes docs/spec-coverage.md of them.</summary>
/// <param name="rows">Row names as they stand there: <c>S14</c>, <c>D.order</c>, <c>E.quota</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class SpecAttribute(params string[] rows) : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [.. rows.Select(row => KeyValuePair.Create("Spec", row))];
}
