namespace Core.Store.Redis;

/// <summary>This Redis would lose accepted messages, or belongs to another installation: the start is refused, with what to do about it.</summary>
public sealed class RedisRefusedException(string message) : Exception(message);
