namespace Core.Store.Limits;

/// <summary>The limits in force. Ask at each decision: an operator changes them while the core runs.</summary>
public interface ILimits
{
    /// <summary>The set in force; never null, never half old and half new.</summary>
    LimitSet Current { get; }
}
