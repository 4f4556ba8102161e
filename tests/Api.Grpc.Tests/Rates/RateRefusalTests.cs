using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Rates;

/// <summary>Each rate's refusal by POST, gRPC and the edge link, and limits that are edited while the core runs.</summary>
[Spec("N.quotas", "E.quota")]
public sealed class RateRefusalTests(RedisCore fixture) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private const string Small = """{"sender": {"burst": 4, "perSecond": 1}, "pair": {"burst": 2, "perSecond": 1}, "unknownRecipientsPerMinute": 2}""";

    private static int _names;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly LimitsOnDisk _file = new(Small);
    private TestCore _core = null!;
    private TestLink _link = null!;
    private ByteString _ticket = ByteString.Empty;
    private string _sender = null!;

    /// <param name="Reason">Of the error table; null if it was accepted.</param>
    /// <param name="RetryAfter">Seconds; 0 for none.</param>
    private sealed record Answer(string? Reason, int RetryAfter);

    public async ValueTask InitializeAsync()
    {
        int n = Interlocked.Increment(ref _names);
        _sender = $"sender-{n}";
        await fixture.AddAccountsAsync(_sender, "dora", "erin");
        _core = await TestCore.StartAsync(
            fixture.Redis.Endpoint, fixture.Certificates, services => services.AddSingleton<TimeProvider>(_time), $"CoreStore:CoreId=rates-{n}", $"CoreStore:LimitsFile={_file.Path}");
        _link = await TestLink.ConnectAsync(_core, $"edge-rates-{n}");
        _ticket = (await _link.RegisterAsync(_sender, 1)).Ticket;
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        await _core.DisposeAsync();
        _file.Dispose();
    }

    [Theory]
    [InlineData("post")]
    [InlineData("grpc")]
    [InlineData("sip")]
    public async Task Send_PairOver_RefusedNothingStoredAndTrueRetryAfter(string way)
    {
        for (int i = 0; i < 2; i++) Assert.Null((await SendAsync(way, "bob")).Reason);
        int before = await fixture.StoredAsync();
        string id = Guid.NewGuid().ToString();
        Assert.Equal(new Answer("RATE_EXCEEDED", 1), await SendAsync(way, "bob", id));
        Assert.Equal(before, await fixture.StoredAsync());   // not even a claim
        Assert.Null((await SendAsync(way, "carol")).Reason);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await SendAsync(way, "bob", id)).Reason);
    }

    [Theory]
    [InlineData("post")]
    [InlineData("grpc")]
    [InlineData("sip")]
    public async Task Send_SenderOver_RefusedWhoeverTheRecipientIs(string way)
    {
        foreach (string recipient in new[] { "bob", "bob", "carol", "carol" }) Assert.Null((await SendAsync(way, recipient)).Reason);
        int before = await fixture.StoredAsync();
        Assert.Equal(new Answer("RATE_EXCEEDED", 1), await SendAsync(way, "dora"));
        Assert.Equal(before, await fixture.StoredAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await SendAsync(way, "dora")).Reason);
        Assert.Equal(new Answer("RATE_EXCEEDED", 1), await SendAsync(way, "erin"));
    }

    [Theory]
    [InlineData("post")]
    [InlineData("grpc")]
    [InlineData("sip")]
    public async Task Send_UnknownRecipientsUsedUp_EverythingOfTheSenderRefused(string way)
    {
        Assert.Equal("UNKNOWN_RECIPIENT", (await SendAsync(way, "nobody-1")).Reason);
        Assert.Equal("UNKNOWN_RECIPIENT", (await SendAsync(way, "bob@elsewhere.test")).Reason);
        Assert.Equal(new Answer("RATE_EXCEEDED", 30), await SendAsync(way, "nobody-2"));
        Assert.Equal(new Answer("RATE_EXCEEDED", 30), await SendAsync(way, "bob"));
        await AdvanceAsync(30);
        Assert.Null((await SendAsync(way, "bob")).Reason);
    }

    [Theory]   // one that was accepted is never refused afterwards
    [InlineData("post")]
    [InlineData("grpc")]
    [InlineData("sip")]
    [Spec("D.one-id", "P3")]
    public async Task Send_AcceptedIdAgainWhileOver_ItsStateAndNoRefusal(string way)
    {
        string id = Guid.NewGuid().ToString();
        Assert.Null((await SendAsync(way, "bob", id)).Reason);
        Assert.Null((await SendAsync(way, "bob")).Reason);
        int before = await fixture.StoredAsync();
        for (int i = 0; i < 3; i++) Assert.Null((await SendAsync(way, "bob", id)).Reason);
        Assert.Equal("ID_REUSED", (await SendAsync(way, "bob", id, "another text")).Reason);   // never told "accepted" of a text that was not
        Assert.Equal("RATE_EXCEEDED", (await SendAsync(way, "bob", id)).Reason);   // four look-ups: the bucket is empty
        Assert.Equal(before, await fixture.StoredAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await SendAsync(way, "bob", id)).Reason);
    }

    [Fact]   // a flood is refused unread: it costs others nothing
    [Spec("P7")]
    public async Task Send_Flood_RefusedBeforeItsBody()
    {
        foreach (string recipient in new[] { "bob", "bob", "carol", "carol" }) Assert.Null((await SendAsync("post", recipient)).Reason);
        for (int i = 0; i < 4; i++) Assert.Equal("RATE_EXCEEDED", (await SendAsync("post", "dora")).Reason);   // each was looked up: it might have been a repeat
        using HttpClient client = Client();
        Assert.Equal(HttpStatusCode.TooManyRequests, await PostNonsenseAsync());
        Assert.Equal(new Answer("RATE_EXCEEDED", 1), await SendAsync("grpc", ""));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/limits", TestContext.Current.CancellationToken)).StatusCode);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await PostNonsenseAsync());

        async Task<HttpStatusCode> PostNonsenseAsync()
        {
            using StringContent nonsense = new("nonsense");
            using HttpResponseMessage response = await client.PostAsync("/v1/messages", nonsense);
            return response.StatusCode;
        }
    }

    [Fact]   // one path for all ways in
    public async Task Send_ByThreeWays_OneRate()
    {
        Assert.Null((await SendAsync("post", "bob")).Reason);
        Assert.Null((await SendAsync("grpc", "bob")).Reason);
        Assert.Equal("RATE_EXCEEDED", (await SendAsync("sip", "bob")).Reason);
    }

    [Fact]
    public async Task Send_Refused_CountedByReason()
    {
        List<string> seen = [];
        using MeterListener listener = new();
        IMeterFactory meters = _core.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "edge.messages.refused") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (seen) seen.Add(string.Join(' ', tags.ToArray().Select(tag => tag.Value)));
        });
        listener.Start();
        for (int i = 0; i < 2; i++) await SendAsync("post", "bob");
        foreach (string way in new[] { "post", "grpc", "sip" }) await SendAsync(way, "bob");
        lock (seen) Assert.Equal(["post RATE_EXCEEDED", "grpc RATE_EXCEEDED", "sip RATE_EXCEEDED"], seen);
    }

    [Fact]
    [Spec("S2", "S5")]
    public async Task FileEdited_WhileRunning_ServedTakenAndSentToEdges()
    {
        Assert.Equal(new EdgeLimits { Connections = 20_000, ConnectionsPerSecond = 2_000, FailedAuthenticationsPerMinute = 60 }, _link.Welcome.Limits);
        for (int i = 0; i < 2; i++) await SendAsync("post", "bob");
        Assert.Equal("RATE_EXCEEDED", (await SendAsync("post", "bob")).Reason);

        _file.Write("""{"text": {"maxCharacters": 5}, "queue": {"perSender": 7}, "address": {"connections": 11, "failedAuthenticationsPerMinute": 12}}""");
        await AdvanceAsync(2);
        EdgeLimits told = (await _link.NextAsync(CoreEvent.EventOneofCase.EdgeLimits)).EdgeLimits;
        Assert.Equal(new EdgeLimits { Connections = 11, ConnectionsPerSecond = 2_000, FailedAuthenticationsPerMinute = 12 }, told);
        using HttpClient client = Client();
        JsonElement limits = await client.GetFromJsonAsync<JsonElement>("/v1/limits");
        Assert.Equal((5, 7), (limits.GetProperty("maxCharacters").GetInt32(), limits.GetProperty("maxQueuedPerSender").GetInt32()));
        Assert.Null((await SendAsync("post", "bob", text: "12345")).Reason);   // 500 to one recipient again
        Assert.Equal("TEXT_TOO_LONG", (await SendAsync("post", "bob", text: "123456")).Reason);
    }

    private HttpClient Client() => _core.Client(_core.Api, TestCore.Basic(_sender, RedisCore.PasswordOf(_sender)));

    /// <summary>Hands a text over in one of the three ways.</summary>
    private async Task<Answer> SendAsync(string way, string recipient, string? id = null, string text = "hi")
    {
        id ??= Guid.NewGuid().ToString();
        switch (way)
        {
            case "post":
                using (HttpClient client = Client())
                using (HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient, text }))
                {
                    if (response.IsSuccessStatusCode) return new Answer(null, 0);
                    SeenRefusal refusal = await SeenRefusal.FromJsonAsync(response);
                    int wait = (int)(response.Headers.RetryAfter?.Delta?.TotalSeconds ?? 0);
                    if (refusal.Reason == "RATE_EXCEEDED") Assert.Equal((HttpStatusCode.TooManyRequests, $"{wait}s"), (response.StatusCode, refusal.RetryDelay));
                    return new Answer(refusal.Reason, wait);
                }

            case "grpc":
                using (GrpcCalls calls = _core.Calls(_core.Api, TestCore.Basic(_sender, RedisCore.PasswordOf(_sender))))
                {
                    try
                    {
                        await calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = id, Recipient = recipient, Text = text });
                        return new Answer(null, 0);
                    }
                    catch (RpcException refused)
                    {
                        SeenRefusal refusal = SeenRefusal.FromGrpc(refused);
                        if (refusal.Reason == "RATE_EXCEEDED") Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
                        return new Answer(refusal.Reason, refusal.RetryDelay is { } delay ? int.Parse(delay.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture) : 0);
                    }
                }

            default:
                string uri = recipient.Contains('@', StringComparison.Ordinal) ? $"sip:{recipient}" : $"sip:{recipient}@example.test";
                Submitted submitted = await _link.SubmitAsync(_sender, 1, _ticket, id, uri, ByteString.CopyFromUtf8(text));
                return new Answer(submitted.Refusal switch
                {
                    Refusal.Unspecified => null,
                    Refusal.OverLimit => "RATE_EXCEEDED",
                    Refusal.UnknownRecipient => "UNKNOWN_RECIPIENT",
                    Refusal.IdReused => "ID_REUSED",
                    _ => submitted.Refusal.ToString(),
                }, (int)submitted.RetryAfterSeconds);
        }
    }

    /// <summary>Moves the clock second by second, with a sign of life: the link must not take the jump for silence.</summary>
    private async Task AdvanceAsync(int seconds)
    {
        for (int second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Registered renewed = await _link.RegisterAsync(_sender, 1, change: register =>
            {
                register.Digests.Clear();
                register.Digests.Add(_link.Digest(_sender, RedisCore.PasswordOf(_sender), _link.Nonce(1, _time.GetUtcNow())));
            });
            _ticket = renewed.Ticket;
        }
    }
}
