namespace Load.Scenarios;

/// <summary>A scenario, or an option, cannot be used; the message says why and what would do.</summary>
internal sealed class ScenarioException(string message) : Exception(message);
