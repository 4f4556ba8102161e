using Core.Store.Envelopes;
using Microsoft.Extensions.Logging;

namespace Core.Store.Diagnostics;

/// <summary>700-899: the store. Next free: 727. Alerts rely on ids and names: never reused, never renamed.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(EventId = 700, EventName = "SealingOff", Level = LogLevel.Critical,
        Message = "THIS BUILD DOES NOT SEAL: texts lie in clear in Redis. It is for the canary self-check of the tests only; never deploy it")]
    public static partial void SealingOff(ILogger logger);

    [LoggerMessage(EventId = 701, EventName = "RedisLost", Level = LogLevel.Warning, Message = "Redis connection lost: {Failure}")]
    public static partial void RedisLost(ILogger logger, string failure);

    [LoggerMessage(EventId = 702, EventName = "RedisBack", Level = LogLevel.Information, Message = "Redis connection restored")]
    public static partial void RedisBack(ILogger logger);

    [LoggerMessage(EventId = 703, EventName = "ScriptsNotLoaded", Level = LogLevel.Debug, Message = "Scripts were not loaded; each call sends its own")]
    public static partial void ScriptsNotLoaded(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 704, EventName = "RedisVolatile", Level = LogLevel.Warning,
        Message = "Redis may lose accepted messages, and AllowVolatileRedis accepts that: {Faults}")]
    public static partial void RedisVolatile(ILogger logger, string faults);

    [LoggerMessage(EventId = 705, EventName = "RedisNotSyncing", Level = LogLevel.Warning,
        Message = "Redis appendfsync is {Policy}: an accepted message may be lost in a crash within about a second. Set appendfsync always for durability on disk")]
    public static partial void RedisNotSyncing(ILogger logger, string policy);

    [LoggerMessage(EventId = 706, EventName = "RedisSettingsUnknown", Level = LogLevel.Warning,
        Message = "Redis does not tell {Settings}: make sure they are as docs/adr/0001 asks")]
    public static partial void RedisSettingsUnknown(ILogger logger, string settings);

    [LoggerMessage(EventId = 707, EventName = "ClocksDiffer", Level = LogLevel.Warning, Message = "The clock of Redis differs from this machine's by {Seconds} s")]
    public static partial void ClocksDiffer(ILogger logger, double seconds);

    [LoggerMessage(EventId = 708, EventName = "RedisAwaited", Level = LogLevel.Warning, Message = "Redis does not answer yet; trying again")]
    public static partial void RedisAwaited(ILogger logger);

    [LoggerMessage(EventId = 709, EventName = "StoreReady", Level = LogLevel.Information, Message = "Store ready: {Partitions} partitions, appendfsync {Policy}")]
    public static partial void StoreReady(ILogger logger, int partitions, string policy);

    [LoggerMessage(EventId = 710, EventName = "RecordRejected", Level = LogLevel.Error,
        Message = "A stored message does not open (altered or moved in Redis); it is ended as INVALID_PAYLOAD")]
    public static partial void RecordRejected(ILogger logger);

    [LoggerMessage(EventId = 711, EventName = "RecordSetAside", Level = LogLevel.Error,
        Message = "A stored message is sealed with a key that the key ring lacks; it is left where it is. Restore the key ring")]
    public static partial void RecordSetAside(ILogger logger);

    [LoggerMessage(EventId = 712, EventName = "AccountNotOpened", Level = LogLevel.Error, Message = "A stored account does not open: altered in Redis, or its key is missing from the key ring")]
    public static partial void AccountNotOpened(ILogger logger);

    [LoggerMessage(EventId = 713, EventName = "SweepFailed", Level = LogLevel.Warning, Message = "A sweep could not do all its work; the next one begins in a second")]
    public static partial void SweepFailed(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 714, EventName = "SharesChanged", Level = LogLevel.Information, Message = "This core now sweeps {Held} of {Shares} shares; cores alive: {Cores}")]
    public static partial void SharesChanged(ILogger logger, int held, int shares, int cores);

    [LoggerMessage(EventId = 716, EventName = "TellingPutOff", Level = LogLevel.Debug, Message = "A sender could not be told just now; the sweeper does it")]
    public static partial void TellingPutOff(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 717, EventName = "HintsOff", Level = LogLevel.Warning,
        Message = "This core hears no hints of the others ({Failure}): allow SUBSCRIBE and PUBLISH on core-store:wake. Streams read again every 2 seconds")]
    public static partial void HintsOff(ILogger logger, string failure);

    [LoggerMessage(EventId = 718, EventName = "HintLost", Level = LogLevel.Debug, Message = "Hints for other cores were lost")]
    public static partial void HintLost(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 719, EventName = "RedisRefuses", Level = LogLevel.Error,
        Message = "Redis answers commands with {Code}; senders are told to try again. Look at its memory, disk, role and rights")]
    public static partial void RedisRefuses(ILogger logger, string code);

    [LoggerMessage(EventId = 720, EventName = "LimitsChanged", Level = LogLevel.Information, Message = "Limits changed: {Changes}")]
    public static partial void LimitsChanged(ILogger logger, string changes);

    [LoggerMessage(EventId = 721, EventName = "LimitsKept", Level = LogLevel.Error, Message = "The limits file has changed but cannot be used; the limits from before stay in force: {Faults}")]
    public static partial void LimitsKept(ILogger logger, string faults);

    [LoggerMessage(EventId = 722, EventName = "KeyMade", Level = LogLevel.Information, Message = "Key {Key} made for {Purpose}; it seals from {Activates:O}. Back the key ring up")]
    public static partial void KeyMade(ILogger logger, uint key, KeyPurpose purpose, DateTimeOffset activates);

    [LoggerMessage(EventId = 723, EventName = "KeyWiped", Level = LogLevel.Information, Message = "Key {Key} for {Purpose} wiped: whatever it sealed can be read by nobody any more")]
    public static partial void KeyWiped(ILogger logger, uint key, KeyPurpose purpose);

    [LoggerMessage(EventId = 724, EventName = "KeysKept", Level = LogLevel.Error, Message = "The key ring on disk cannot be used or kept; the keys in memory go on sealing for 30 activation delays if it cannot be read: {Fault}")]
    public static partial void KeysKept(ILogger logger, string fault);

    [LoggerMessage(EventId = 725, EventName = "KeysNotTended", Level = LogLevel.Warning, Message = "Keys could not be rotated or wiped just now; the next look follows")]
    public static partial void KeysNotTended(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 726, EventName = "NotJournaled", Level = LogLevel.Warning, Message = "The operators' message log lacks some seconds: Redis could not be asked")]
    public static partial void NotJournaled(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 715, EventName = "RecordMissing", Level = LogLevel.Error, Message = "A mailbox named a message without a record; the name is removed")]
    public static partial void RecordMissing(ILogger logger);
}
