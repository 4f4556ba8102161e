using System.Net;
using Edge.Sip.Parsing;
using Edge.Sip.Transport;

namespace Fuzz.Offline;

/// <summary>A connection that leads nowhere. Whatever is sent on it must be whole messages: nothing that a peer sends may change where answers begin and end.</summary>
internal sealed class OfflineConnection() : Connection(OfflineEdge.Flow, Peer0)
{
    /// <summary>An answer repeats as many Vias as the request has, refused ones too, and adds headers of its own.</summary>
    private static readonly SipLimits Limits = new() { Headers = 256, Vias = 16_384, HeaderBlockBytes = 65_536, HeaderLineBytes = 65_536 };

    private static readonly IPEndPoint Peer0 = new(IPAddress.Parse("192.0.2.7"), 49_152);

    public override (string Version, string CipherSuite) Tls => ("TLSv1.3", "TLS_AES_256_GCM_SHA384");

    /// <summary>Messages sent so far.</summary>
    public int Sent { get; private set; }

    public override void Send(ReadOnlySpan<byte> bytes)
    {
        if (Reason != EndReason.None) return;
        if (bytes.SequenceEqual("\r\n"u8) || bytes.SequenceEqual("\r\n\r\n"u8)) return;
        SipFrame frame = new SipFramer(Limits).Next(bytes);
        if (frame.Kind != SipFrameKind.Message || frame.Start != 0 || frame.Consumed != bytes.Length) throw new InvalidOperationException($"what is sent is not one message: {frame.Kind} {frame.Fault}");
        Sent++;
    }

    public override void End(EndReason reason) => TryEnd(reason);

    public override void EndAfterSending(EndReason reason) => TryEnd(reason);
}
