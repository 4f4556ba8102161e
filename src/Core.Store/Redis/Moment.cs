namespace Core.Store.Redis;

/// <summary>What every call of <c>together.lua</c> is told first (<c>moment.lua</c>), for all scripts in it.</summary>
/// <param name="Settings">Limits of queues, and times in ms, as text.</param>
/// <param name="NowMs">When the call leaves, Unix ms: what was asked earlier waited for it.</param>
internal readonly record struct Moment(byte[] Settings, long NowMs);
