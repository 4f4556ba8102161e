using System.Globalization;
using System.Net.Http.Json;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Edge.Messages.V1;

namespace Api.Grpc.Tests.Hosting;

/// <summary>The series that dashboards and alerts rely on, by the names that a scrape shows.</summary>
[Collection(nameof(Alone))]
public sealed class MetricsTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    [Fact]
    public async Task Scrape_AfterOneOfEach_SeriesByTheirNames()
    {
        using HttpClient scraper = new() { BaseAddress = fixture.Core.Metrics };
        Assert.Equal("ok\n", await scraper.GetStringAsync("/livez"));
        Assert.Equal("ok\n", await scraper.GetStringAsync("/readyz"));

        await using TestLink link = await TestLink.ConnectAsync(fixture.Core);
        await link.RegisterAsync("bob", 1);
        await link.RegisterAsync("bob", 1, "wrong");
        using HttpClient alice = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        (await alice.PostAsJsonAsync("/v1/messages", new { messageId = Guid.NewGuid(), recipient = "bob", text = "hi" })).EnsureSuccessStatusCode();
        await alice.PostAsJsonAsync("/v1/messages", new { messageId = Guid.NewGuid(), recipient = "bob", text = "" });
        Delivery delivery = (await link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        DeliveryReport report = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice);
        await link.SendAsync(new EdgeEvent { DeliveryReport = report });
        await link.NextAsync(CoreEvent.EventOneofCase.Reported);
        report.Flow = 2;
        await link.SendAsync(new EdgeEvent { DeliveryReport = report });
        await link.NextAsync(CoreEvent.EventOneofCase.Reported);

        using GrpcCalls streams = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        using GrpcCalls carols = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic("carol", RedisCore.PasswordOf("carol")));
        await using var watch = streams.Watch();
        await watch.NextAsync();
        await using var receive = await carols.StartReceivingAsync();
        (await alice.PostAsJsonAsync("/v1/messages", new { messageId = Guid.NewGuid(), recipient = "carol", text = "hi" })).EnsureSuccessStatusCode();
        ReceivedMessage message = (await receive.NextAsync()).Message;
        await receive.SendAsync(new ReceiveMessagesRequest { Acknowledgement = new() { MessageId = message.MessageId, Token = message.Token } });
        await receive.NextAsync();
        await receive.SendAsync(new ReceiveMessagesRequest { Acknowledgement = new() { MessageId = message.MessageId } });
        await receive.NextAsync();
        while ((await watch.NextAsync()).Changes.Count == 0)
        {
            // says only that the stream lives
        }

        string[] lines = (await scraper.GetStringAsync("/metrics")).Split('\n');
        Assert.Equal(1, Value(lines, "edge_streams_open", "edge_kind=\"watch\""));
        Assert.Equal(1, Value(lines, "edge_streams_open", "edge_kind=\"receive\""));
        Assert.Equal(1, Value(lines, "edge_streams_deliveries_total"));
        Assert.Equal(1, Value(lines, "edge_streams_acknowledgements_total", "edge_outcome=\"written\""));
        Assert.Equal(1, Value(lines, "edge_streams_acknowledgements_total", "edge_outcome=\"bad_token\""));
        Assert.Equal(1, Value(lines, "edge_streams_changes_total", "edge_state=\"delivered\""));
        Assert.Equal(2, Value(lines, "edge_messages_accepted_total", "edge_way=\"post\""));
        Assert.Equal(1, Value(lines, "edge_messages_refused_total", "edge_reason=\"BAD_TEXT\"", "edge_way=\"post\""));
        Assert.Equal(0, Value(lines, "edge_messages_refused_total", "edge_reason=\"ID_REUSED\"", "edge_way=\"sip\""));   // what has not happened is shown too
        Assert.Equal(0, Value(lines, "edge_link_events_faulted_total", "edge_event=\"Submit\""));
        Assert.Equal(0, Value(lines, "edge_listener_connections_refused_total", "edge_listener=\"api\"", "edge_cause=\"address_connections\""));
        Assert.DoesNotContain(lines, line => line.Contains("edge_messages_delivered", StringComparison.Ordinal));   // the store counts ends
        Assert.Equal(2, Value(lines, "edge_messages_ended_total", "edge_state=\"delivered\""));
        Assert.Equal(2, Value(lines, "edge_messages_accept_to_delivered_seconds_count"));
        Assert.Equal(1, Value(lines, "edge_registrations_total", "edge_outcome=\"bound\""));
        Assert.Equal(1, Value(lines, "edge_registrations_total", "edge_outcome=\"bad_credentials\""));
        Assert.Equal(1, Value(lines, "edge_link_reports_ignored_total"));
        Assert.Equal(1, Value(lines, "edge_links_up"));
        foreach (string listener in (string[])["api", "link"])
            Assert.InRange(Value(lines, "edge_certificate_not_after_seconds", $"edge_listener=\"{listener}\""), DateTimeOffset.UtcNow.ToUnixTimeSeconds(), DateTimeOffset.UtcNow.AddDays(3).ToUnixTimeSeconds());
        Assert.Equal(1, Value(lines, "edge_build_info", "edge_part=\"core\""));
        Assert.DoesNotContain(lines, line => line.Contains("alice", StringComparison.Ordinal) || line.Contains("bob", StringComparison.Ordinal));
    }

    private static double Value(string[] lines, string name, params string[] tags)
    {
        string line = Assert.Single(lines, l => (l.StartsWith(name + "{", StringComparison.Ordinal) || l.StartsWith(name + " ", StringComparison.Ordinal)) && tags.All(tag => l.Contains(tag, StringComparison.Ordinal)));
        return double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
