using System.Net;
using System.Net.Sockets;
using Api.Grpc.Tests.Support;
using Testing.Shared;

namespace Api.Grpc.Tests.Hosting;

/// <summary>Connections to the doors that strangers reach are bounded before TLS; those of edges and of metrics have doors of their own.</summary>
[Spec("P7")]
public sealed class ConnectionGateTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("Api:MaxConnectionsPerAddress=3", "address_connections")]
    [InlineData("Api:MaxConnections=3", "most_connections")]
    public async Task Connections_OverTheirLimit_AreClosedAndCountedUntilOneEnds(string setting, string cause)
    {
        await using TestCore core = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, setting);
        using CountedEvents counted = new(core);
        foreach ((Uri door, string name) in new[] { (core.Api, "api"), (core.Admin, "admin") })
        {
            List<TcpClient> open = [];
            for (int i = 0; i < 3; i++) open.Add(await ConnectAsync(door));
            using TcpClient another = await ConnectAsync(door);
            Assert.Equal(0, await ReadAsync(another));
            Assert.Equal(1, counted.Of("edge.listener.connections.refused", $"{name} {cause}"));

            open[0].Dispose();
            using HttpClient client = core.Client(door);
            await Until.TrueAsync(() => AnswersAsync(client), "a place is free");
            open.ForEach(static tcp => tcp.Dispose());
        }

        using HttpClient metrics = core.Client(core.Metrics);
        Assert.Equal(HttpStatusCode.OK, (await metrics.GetAsync("/livez")).StatusCode);
    }

    [Fact]
    public async Task Connections_FromExemptLoopback_OnlyCountInAll()
    {
        await using TestCore core = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, "Api:MaxConnectionsPerAddress=1", "Api:ExemptLoopback=true");
        using TcpClient first = await ConnectAsync(core.Api);
        using HttpClient client = core.Client(core.Api);
        Assert.True(await AnswersAsync(client));
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync("/v1/nothing");
            return answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<TcpClient> ConnectAsync(Uri door)
    {
        TcpClient tcp = new();
        await tcp.ConnectAsync(door.Host, door.Port);
        return tcp;
    }

    /// <returns>0 after an end, be it a reset.</returns>
    private static async Task<int> ReadAsync(TcpClient tcp)
    {
        try
        {
            return await tcp.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Patience);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
