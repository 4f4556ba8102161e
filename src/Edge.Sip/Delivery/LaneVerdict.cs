namespace Edge.Sip.Delivery;

/// <summary>What the lane did with a message.</summary>
internal enum LaneVerdict
{
    /// <summary>It is held and will be sent.</summary>
    Taken,

    /// <summary>It was sent or is held already.</summary>
    Repeat,

    /// <summary>Something before it is missing: a page brings both.</summary>
    Gap,

    /// <summary>No room: a page brings it again.</summary>
    Full,
}
