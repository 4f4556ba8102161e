using Core.Store.Accounts;
using Core.Store.Limits;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store;

/// <summary>Collects every fault of the settings: one restart mends a bad file.</summary>
internal sealed class CoreStoreOptionsValidator : IValidateOptions<CoreStoreOptions>
{
    /// <summary>72 h of validity and 12 h of a client's own queue: an id must be known for so long (spec, "One id for life").</summary>
    private static readonly TimeSpan ClientQueue = TimeSpan.FromHours(12);

    public ValidateOptionsResult Validate(string? name, CoreStoreOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        if (string.IsNullOrWhiteSpace(options.Redis)) faults.AddError("a StackExchange.Redis connection string is required", nameof(options.Redis));
        else if (!IsConnectionString(options.Redis)) faults.AddError("not a StackExchange.Redis connection string", nameof(options.Redis));
        if (options.RedisCaFile.Length > 0 && !File.Exists(options.RedisCaFile)) faults.AddError("there is no such file", nameof(options.RedisCaFile));
        if (string.IsNullOrWhiteSpace(options.KeyRingFile)) faults.AddError("the path of the key ring file is required", nameof(options.KeyRingFile));
        if (options.KeyActivationDelay < TimeSpan.FromSeconds(3)) faults.AddError("3 seconds at least: cores look at the key ring file a few times within it", nameof(options.KeyActivationDelay));
        foreach ((TimeSpan every, string setting) in new[] { (options.RotateKeysEvery, nameof(options.RotateKeysEvery)), (options.RotateAccountKeyEvery, nameof(options.RotateAccountKeyEvery)) })
        {
            if (every != TimeSpan.Zero && every < 2 * options.KeyActivationDelay) faults.AddError("zero, or at least twice KeyActivationDelay", setting);
        }

        if (!AccountAddress.TryParse($"a@{options.Domain}", string.Empty, out _))
            faults.AddError("a domain of 1 to 253 letters, digits, dots and hyphens is required; an international one in its ASCII form (xn--...)", nameof(options.Domain));
        if (options.CoreId.Length is < 1 or > 64) faults.AddError("1 to 64 characters, unique among cores", nameof(options.CoreId));
        if (options.Validity < TimeSpan.FromSeconds(1)) faults.AddError("1 second at least", nameof(options.Validity));
        if (options.OutcomeLifetime < options.Validity + ClientQueue)
            faults.AddError("at least Validity and 12 hours: an id has to be known as long as a client may repeat it", nameof(options.OutcomeLifetime));
        if (options.MessageLogLifetime < TimeSpan.Zero || options.MessageLogLifetime > options.OutcomeLifetime)
            faults.AddError("zero to OutcomeLifetime: behind it no state is known", nameof(options.MessageLogLifetime));
        if (options.PageSize is < 1 or > 500) faults.AddError("1 to 500", nameof(options.PageSize));
        if (options.RedisDeadline < TimeSpan.FromMilliseconds(100) || options.RedisDeadline > TimeSpan.FromSeconds(5))
            faults.AddError("0.1 to 5 seconds: the sender is told within 5", nameof(options.RedisDeadline));
        if (options.LimitsFile.Length > 0)
        {
            foreach (string fault in LimitsFile.Read(options.LimitsFile, out _)) faults.AddError(fault, nameof(options.LimitsFile));
        }

        return faults.Build();
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
