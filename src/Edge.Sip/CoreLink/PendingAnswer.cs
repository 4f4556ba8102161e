using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>Something a core was asked and has not answered.</summary>
internal abstract class PendingAnswer
{
    /// <summary>Its number on the link; set when it is asked.</summary>
    public ulong Request { get; set; }

    /// <summary>When it counts as failed, on the edge's clock; set when it is asked.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>The answer to a Register.</summary>
    public virtual void Answered(Registered answer) => Failed();

    /// <summary>The answer to a Submit.</summary>
    public virtual void Answered(Submitted answer) => Failed();

    /// <summary>No answer in time, or the link was cut: nothing is known of the effect.</summary>
    public abstract void Failed();
}
