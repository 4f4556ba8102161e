using Edge.Link.V1;
using Google.Protobuf;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>What goes over the stream to one core.</summary>
internal interface ILinkTraffic
{
    /// <summary>The first event up.</summary>
    Hello Hello();

    /// <summary>The first batch down; from here on events may be queued.</summary>
    /// <exception cref="InvalidOperationException">Its first event is not Welcome.</exception>
    void Begin(ConnectResponse first);

    /// <summary>A later batch down.</summary>
    void Take(ConnectResponse batch);

    /// <summary>A later batch down as it came: an encoded <see cref="ConnectResponse"/>.</summary>
    /// <exception cref="InvalidDataException">It is no Protobuf message, or an event in it is none that is read where it lies.</exception>
    /// <exception cref="InvalidProtocolBufferException">Another event in it is none. Those before such an event have been handed out.</exception>
    void Take(ReadOnlySpan<byte> batch);

    /// <summary>All that is queued, in order; null for nothing. The list is the carrier's until <see cref="Written"/>.</summary>
    List<EdgeEvent>? TakeQueued();

    /// <summary>A batch of them has been written: the core reads.</summary>
    void BatchWritten();

    /// <summary>They have all been written: events and list are used again.</summary>
    void Written(List<EdgeEvent> events);
}
