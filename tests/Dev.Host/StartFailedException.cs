namespace Dev.Host;

/// <summary>The start cannot go on. The message says what to do about it and is all that the user is shown.</summary>
internal sealed class StartFailedException(string message) : Exception(message);
