using System.Net;
using Edge.Sip.Transport;

namespace Edge.Sip.Tests.Harness;

/// <summary>A connection to nobody: only its place in tables matters.</summary>
internal sealed class Nowhere(ulong flow) : Connection(flow, new IPEndPoint(IPAddress.Loopback, 1))
{
    public override (string Version, string CipherSuite) Tls => default;

    public override void Send(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    public override void End(EndReason reason) => throw new NotSupportedException();

    public override void EndAfterSending(EndReason reason) => throw new NotSupportedException();
}
