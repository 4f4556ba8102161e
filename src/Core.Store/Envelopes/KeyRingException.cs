namespace Core.Store.Envelopes;

/// <summary>The key ring cannot be used: the start is refused, with what to do about it.</summary>
public sealed class KeyRingException(string message) : Exception(message);
