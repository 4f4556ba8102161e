using System.Security.Cryptography.X509Certificates;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Who may open a link: mutual TLS under the link's authority, the role in the certificate, the id that the certificate names.</summary>
public sealed class LinkTrustTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    [Fact]
    public async Task Connect_NoClientCertificate_Refused() => await AssertUnreachableAsync(fixture.Core.LinkChannel(null));

    [Fact]
    public async Task Connect_CertificateOfAnotherAuthority_Refused()
    {
        using X509Certificate2 stranger = TestCertificates.Stranger("CN=edge-1, OU=edge");
        await AssertUnreachableAsync(fixture.Core.LinkChannel(stranger));
    }

    [Theory]
    [InlineData("CN=edge-1", StatusCode.PermissionDenied)]
    [InlineData("CN=edge-1, OU=core", StatusCode.PermissionDenied)]   // the core's own certificate, of the same authority
    [InlineData("OU=edge", StatusCode.PermissionDenied)]
    [InlineData("CN=edge-2, OU=edge", StatusCode.PermissionDenied)]   // Hello says edge-1
    public async Task Connect_OtherRoleOrName_Refused(string subject, StatusCode code)
    {
        using X509Certificate2 certificate = fixture.Certificates.Client(subject);
        await using TestLink link = TestLink.Open(fixture.Core.LinkChannel(certificate), "edge-1");
        await link.TrySendAsync(link.Hello());
        Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(() => link.Ended)).StatusCode);
    }

    [Fact]
    public async Task Connect_NamedLikeAReceivingStream_Refused()
    {
        using X509Certificate2 certificate = fixture.Certificates.Client("CN=api:core-1, OU=edge");
        await using TestLink link = TestLink.Open(fixture.Core.LinkChannel(certificate), "api:core-1");
        await link.TrySendAsync(link.Hello());
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => link.Ended);
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Contains("api:", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_FirstEventIsNotHello_Refused()
    {
        using X509Certificate2 certificate = fixture.Certificates.Client("CN=edge-1, OU=edge");
        await using TestLink link = TestLink.Open(fixture.Core.LinkChannel(certificate), "edge-1");
        await link.TrySendAsync(new EdgeEvent { Heartbeat = new Heartbeat() });
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => link.Ended)).StatusCode);
    }

    [Fact]
    public async Task Connect_SameInstanceAgain_SameEpochAndOldStreamEnded()
    {
        byte[] instance = [.. Enumerable.Repeat((byte)7, 16)];
        await using TestLink first = await TestLink.ConnectAsync(fixture.Core, "edge-again", instance);
        await using TestLink second = await TestLink.ConnectAsync(fixture.Core, "edge-again", instance);
        Assert.Equal(first.Welcome.Epoch, second.Welcome.Epoch);
        await EndsAsync(first);
    }

    [Fact]
    public async Task Connect_NewInstance_HigherEpoch()
    {
        await using TestLink first = await TestLink.ConnectAsync(fixture.Core, "edge-new");
        await using TestLink second = await TestLink.ConnectAsync(fixture.Core, "edge-new");
        Assert.True(second.Welcome.Epoch > first.Welcome.Epoch);
        Assert.Equal("example.test", second.Welcome.Domain);
        Assert.Equal((60u, 3_600u, true), (second.Welcome.MinExpiresSeconds, second.Welcome.MaxExpiresSeconds, second.Welcome.OfferMd5));
        Assert.Equal(2, second.Welcome.NonceKeys.Keys.Count);
    }

    [Fact]
    public async Task Connect_OlderInstanceAfterNewer_Refused()
    {
        byte[] old = [.. Enumerable.Repeat((byte)8, 16)];
        await using TestLink first = await TestLink.ConnectAsync(fixture.Core, "edge-old", old);
        await using TestLink second = await TestLink.ConnectAsync(fixture.Core, "edge-old");
        using X509Certificate2 certificate = fixture.Certificates.Client("CN=edge-old, OU=edge");
        await using TestLink third = TestLink.Open(fixture.Core.LinkChannel(certificate), "edge-old");
        await third.TrySendAsync(third.Hello(old));
        Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(() => third.Ended)).StatusCode);
    }

    private static async Task EndsAsync(TestLink link)
    {
        try
        {
            await link.Ended.WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (RpcException)
        {
            // ended with a status: ended all the same
        }
    }

    private static async Task AssertUnreachableAsync(GrpcChannel channel)
    {
        await using TestLink link = TestLink.Open(channel, "edge-1");
        await link.TrySendAsync(link.Hello());
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => link.Ended);
        Assert.Contains(refused.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });   // TLS ended it: no answer of ours
    }
}
