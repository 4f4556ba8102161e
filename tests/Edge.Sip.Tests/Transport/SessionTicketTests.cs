using System.Security.Cryptography;
using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Google.Protobuf;

namespace Edge.Sip.Tests.Transport;

/// <summary>TLS session tickets of the native transport: sealed with the cores' keys, so that clients resume at any edge; SslStream has no way to share them.</summary>
public sealed class SessionTicketTests : IDisposable
{
    private readonly string _session = Path.Combine(Path.GetTempPath(), $"session-{Guid.NewGuid():N}.pem");

    public static TheoryData<string> Versions => ["-tls1_2", "-tls1_3"];

    public void Dispose() => File.Delete(_session);

    /// <summary>Each full handshake brings a ticket, also to a client that says nothing yet, and the next handshake with it is a short one.</summary>
    [Theory]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", false)]
    [InlineData("-tls1_3", true)]
    public async Task Ticket_OfThisEdge_ResumesWhetherOrNotSomethingWasAsked(string version, bool asks)
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: "Sip:Transport=Native");
        string request = $"OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:a@example.test>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: {Guid.NewGuid()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
        await OpenSslClient.SaveSessionAsync(edge, version, _session, asks ? request : null);
        Assert.True(await OpenSslClient.ResumesAsync(edge, version, _session));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Ticket_OfAnotherEdgeWithTheSameKeys_Resumes(string version)
    {
        SessionTicketKeys keys = Keys(Key());
        await using TestEdge one = await StartAsync(keys), other = await StartAsync(keys);
        await OpenSslClient.SaveSessionAsync(one, version, _session);
        Assert.True(await OpenSslClient.ResumesAsync(other, version, _session));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Ticket_OfAnotherEdgeWithOtherKeys_IsAFullHandshake(string version)
    {
        await using TestEdge one = await StartAsync(Keys(Key())), other = await StartAsync(Keys(Key()));
        await OpenSslClient.SaveSessionAsync(one, version, _session);
        Assert.False(await OpenSslClient.ResumesAsync(other, version, _session));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Ticket_AfterItsKeyIsTheOneBefore_ResumesThenNoMore(string version)
    {
        ByteString first = Key(), second = Key(), third = Key();
        await using TestEdge edge = await StartAsync(Keys(first));
        await OpenSslClient.SaveSessionAsync(edge, version, _session);
        await TellAsync(edge, Keys(second, first));
        Assert.True(await OpenSslClient.ResumesAsync(edge, version, _session));
        await TellAsync(edge, Keys(third, second));
        Assert.False(await OpenSslClient.ResumesAsync(edge, version, _session));
    }

    /// <summary>A certificate's renewal costs nobody a full handshake.</summary>
    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Ticket_OfBeforeACertificateReload_Resumes(string version)
    {
        await using TestEdge edge = await StartAsync(Keys(Key()));
        await OpenSslClient.SaveSessionAsync(edge, version, _session);
        edge.Pki.IssueSip();
        await Until.TrueAsync(() => edge.Sum("edge.certificate.reads/taken") == 1, "the new certificate is used");
        Assert.True(await OpenSslClient.ResumesAsync(edge, version, _session));
    }

    private static Task<TestEdge> StartAsync(SessionTicketKeys keys) =>
        TestEdge.StartAsync(core: core => core.Welcome.SessionTicketKeys = keys, settings: "Sip:Transport=Native");

    /// <summary>Events of a link are handled in order: once the limit is told, so are the keys.</summary>
    private static async Task TellAsync(TestEdge edge, SessionTicketKeys keys)
    {
        int pages = edge.Core.Count(happened => happened.Unregister);
        await edge.Core.SendAsync(new CoreEvent { SessionTicketKeys = keys }, new CoreEvent { Delivery = edge.Core.Delivery(4_711, "nobody", 1) });
        await Until.TrueAsync(() => edge.Core.Count(happened => happened.Unregister) > pages, "a push for nobody behind the keys was answered");
    }

    private static ByteString Key() => ByteString.CopyFrom(RandomNumberGenerator.GetBytes(32));

    private static SessionTicketKeys Keys(params ByteString[] keys) => new() { Keys = { keys } };
}
