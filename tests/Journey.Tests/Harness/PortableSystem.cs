namespace Journey.Tests.Harness;

/// <summary>The same with the edge's portable transport, SslStream in the place of OpenSSL and epoll: who gets in must not hang on it.</summary>
public sealed class PortableSystem : JourneySystem
{
    public PortableSystem() => EdgeSettings = ["--Sip:Transport=Portable"];
}
