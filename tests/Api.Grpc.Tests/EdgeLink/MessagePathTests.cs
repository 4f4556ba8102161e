using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Google.Protobuf;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>The way of a message through the core: submitted or posted, pushed at once or paged, reported, known as delivered.</summary>
public sealed class MessagePathTests(RedisCore fixture) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private static int _names;

    private TestLink _link = null!;
    private string _sender = null!;
    private string _recipient = null!;

    public async ValueTask InitializeAsync()
    {
        int n = Interlocked.Increment(ref _names);
        (_sender, _recipient) = ($"sender-{n}", $"recipient-{n}");
        await fixture.AddAccountsAsync(_sender, _recipient);
        _link = await TestLink.ConnectAsync(fixture.Core, $"edge-path-{n}");
    }

    public async ValueTask DisposeAsync() => await _link.DisposeAsync();

    [Fact]
    [Spec("S3", "S12", "S18", "S25", "S28", "D.told", "B1", "E.accepted")]
    public async Task Post_RecipientRegistered_PushedAtOnceThenDelivered()
    {
        await _link.RegisterAsync(_recipient, 1);
        string id = await PostAsync("Grüße \U0001F600");
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;

        Assert.Equal((1ul, _recipient, _sender, id, 1u), (delivery.Flow, delivery.User, delivery.Sender, delivery.MessageId, delivery.Attempt));
        Assert.Equal("Grüße \U0001F600", delivery.Text.ToStringUtf8());
        Assert.Equal(259_200_000, delivery.ExpireTimeMs - delivery.AcceptTimeMs);
        Assert.Matches("^[0-9a-f]{16}$", delivery.SenderTag);
        Assert.Equal("ENQUEUED", await StateAsync(id));

        Reported reported = await ReportAsync(TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice));
        Assert.False(reported.Retry);
        Assert.Equal("DELIVERED", await StateAsync(id));
    }

    [Fact]
    [Spec("S6", "S13", "S15", "D.one-id", "P4")]
    public async Task Submit_RecipientOffline_AcceptedAndPagedInOrderOnRegister()
    {
        Registered sender = await _link.RegisterAsync(_sender, 2);
        for (int i = 0; i < 3; i++)
        {
            Submitted submitted = await _link.SubmitAsync(_sender, 2, sender.Ticket, $"call-{i}\0tag\0{i}", $"sip:{_recipient}@example.test", ByteString.CopyFromUtf8($"text {i}"));
            Assert.Equal(Refusal.Unspecified, submitted.Refusal);
            Assert.Equal('8', submitted.MessageId[14]);   // UUIDv8
        }

        Registered recipient = await _link.RegisterAsync(_recipient, 3);
        Assert.Equal(["text 0", "text 1", "text 2"], recipient.Page.Deliveries.Select(d => d.Text.ToStringUtf8()));
        Assert.All(recipient.Page.Deliveries, d => Assert.Equal((3ul, _sender, 1u, 0L), (d.Flow, d.Sender, d.Attempt, d.Previous)));
        Assert.Equal(recipient.Page.Deliveries[2].Sequence, recipient.Page.Upto);
        Assert.Single(recipient.Page.Deliveries.Select(d => d.SenderTag).Distinct());
    }

    [Fact]
    [Spec("D.one-id", "P3")]
    public async Task Submit_SameKeyAgain_SameIdAndOneMessage()
    {
        Registered sender = await _link.RegisterAsync(_sender, 4);
        Submitted first = await _link.SubmitAsync(_sender, 4, sender.Ticket, "call\0tag\01", _recipient, ByteString.CopyFromUtf8("once"));
        Submitted again = await _link.SubmitAsync(_sender, 4, sender.Ticket, "call\0tag\01", _recipient, ByteString.CopyFromUtf8("once"));
        Assert.Equal((first.MessageId, Refusal.Unspecified), (again.MessageId, again.Refusal));
        Assert.Single((await _link.RegisterAsync(_recipient, 5)).Page.Deliveries);
    }

    public static TheoryData<string, string, Refusal> BadSubmissions => new()
    {
        { "", "68-69", Refusal.BadRecipient },
        { "sip:example.test", "68-69", Refusal.BadRecipient },
        { "sip:bob@example.test,sip:carol@example.test", "68-69", Refusal.BadRecipient },
        { "sip:nobody@example.test", "68-69", Refusal.UnknownRecipient },
        { "sip:bob@elsewhere.test", "68-69", Refusal.UnknownRecipient },
        { "sip:bob@example.test", "", Refusal.BadText },
        { "sip:bob@example.test", "20-0A", Refusal.BadText },
        { "sip:bob@example.test", "61-00", Refusal.BadText },
        { "sip:bob@example.test", "C3-28", Refusal.BadText },
        { "sip:bob@example.test", "161", Refusal.TextTooLong },
    };

    [Theory, MemberData(nameof(BadSubmissions))]
    [Spec("S2", "S4", "E.malformed", "E.text", "E.unknown")]
    public async Task Submit_Bad_RefusedAndNothingStored(string recipient, string text, Refusal refusal)
    {
        Registered sender = await _link.RegisterAsync(_sender, 6);
        int before = await fixture.StoredAsync();
        byte[] bytes = text == "161" ? Encoding.ASCII.GetBytes(new string('a', 161)) : Convert.FromHexString(text.Replace("-", "", StringComparison.Ordinal));
        Submitted answer = await _link.SubmitAsync(_sender, 6, sender.Ticket, Guid.NewGuid().ToString(), recipient, ByteString.CopyFrom(bytes));
        Assert.Equal(refusal, answer.Refusal);
        string counts = text switch
        {
            "" => " graphemes=0 codePoints=0 utf16Units=0 bytes=0",
            "61-00" => " graphemes=2 codePoints=2 utf16Units=2 bytes=2",
            "161" => "4096 bytes. graphemes=161 codePoints=161 utf16Units=161 bytes=161",
            "C3-28" => "The text is not UTF-8.",
            _ => "",
        };
        Assert.EndsWith(counts, answer.Detail, StringComparison.Ordinal);
        Assert.NotEmpty(answer.Detail);
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Fact]
    [Spec("D.one-id", "E.id-reused")]
    public async Task Submit_KeyUsedForOtherText_IdReused()
    {
        Registered sender = await _link.RegisterAsync(_sender, 7);
        await _link.SubmitAsync(_sender, 7, sender.Ticket, "key", _recipient, ByteString.CopyFromUtf8("one"));
        Assert.Equal(Refusal.IdReused, (await _link.SubmitAsync(_sender, 7, sender.Ticket, "key", _recipient, ByteString.CopyFromUtf8("two"))).Refusal);
    }

    [Theory]
    [InlineData("other account")]
    [InlineData("other flow")]
    [InlineData("empty")]
    [Spec("S11")]
    public async Task Submit_TicketMisused_NotRegisteredAndNothingStored(string wrong)
    {
        Registered sender = await _link.RegisterAsync(_sender, 8);
        int before = await fixture.StoredAsync();
        string user = wrong == "other account" ? _recipient : _sender;
        Submitted answer = await _link.SubmitAsync(user, wrong == "other flow" ? 9ul : 8ul, wrong == "empty" ? ByteString.Empty : sender.Ticket, "key", "bob", ByteString.CopyFromUtf8("hi"));
        Assert.Equal((Refusal.NotRegistered, ""), (answer.Refusal, answer.MessageId));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Theory]
    [InlineData("token")]
    [InlineData("no token")]
    [InlineData("other message")]
    [InlineData("other flow")]
    [InlineData("other sender")]
    [InlineData("other recipient")]
    [InlineData("not an id")]
    [Spec("S25")]
    public async Task Report_WithoutValidToken_ConfirmedButIgnored(string wrong)
    {
        await _link.RegisterAsync(_recipient, 10);
        string id = await PostAsync("hi");
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        DeliveryReport report = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice);
        byte[] token = report.Token.ToByteArray();
        token[0] ^= 1;
        if (wrong == "token") report.Token = ByteString.CopyFrom(token);
        if (wrong == "no token") report.Token = ByteString.Empty;
        if (wrong == "other message") report.MessageId = Guid.NewGuid().ToString();
        if (wrong == "other flow") report.Flow = 11;
        if (wrong == "other sender") report.Sender = "bob";
        if (wrong == "other recipient") report.User = "bob";
        if (wrong == "not an id") report.MessageId = "x";
        Assert.False((await ReportAsync(report)).Retry);
        Assert.Equal("ENQUEUED", await StateAsync(id));
    }

    [Fact]
    [Spec("S25")]
    public async Task Report_FromAnotherEdge_Ignored()
    {
        await _link.RegisterAsync(_recipient, 12);
        string id = await PostAsync("hi");
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        await using TestLink thief = await TestLink.ConnectAsync(fixture.Core, "edge-thief");
        await thief.SendAsync(new EdgeEvent { DeliveryReport = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice) });
        await thief.NextAsync(CoreEvent.EventOneofCase.Reported);
        Assert.Equal("ENQUEUED", await StateAsync(id));
    }

    [Theory]
    [InlineData(DeliveryOutcome.RefusedByDevice, "INVALID_DEVICE")]
    [InlineData(DeliveryOutcome.Failed, "ENQUEUED")]
    [InlineData(DeliveryOutcome.ExpiredAtEdge, "ENQUEUED")]   // the core's clock decides: promise P5
    [InlineData(DeliveryOutcome.Unspecified, "ENQUEUED")]
    [Spec("S18", "S26", "B1", "P5")]
    public async Task Report_OtherOutcome_StateFollows(DeliveryOutcome outcome, string state)
    {
        await _link.RegisterAsync(_recipient, 13);
        string id = await PostAsync("hi");
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        await ReportAsync(TestLink.Report(delivery, outcome));
        Assert.Equal(state, await StateAsync(id));
    }

    [Fact]
    [Spec("D.sip-delivery", "B2")]
    public async Task Report_FailedThenRefreshByClient_PagedAgainAsFirstTry()
    {
        Registered registered = await _link.RegisterAsync(_recipient, 14);
        await PostAsync("hi");
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        await ReportAsync(TestLink.Report(delivery, DeliveryOutcome.Failed));
        await _link.SendAsync(new EdgeEvent
        {
            Refresh = new Refresh { Flow = 14, User = _recipient, Ticket = registered.Ticket, ExpiresSeconds = 600, Device = $"device of {_recipient}", After = delivery.Sequence, ByClient = true },
        });
        Refreshed refreshed = (await _link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
        Assert.Equal(RegisterOutcome.Bound, refreshed.Outcome);
        Delivery again = Assert.Single(refreshed.Page.Deliveries);
        Assert.Equal((delivery.MessageId, delivery.Sequence, 1u, delivery.SenderTag), (again.MessageId, again.Sequence, again.Attempt, again.SenderTag));
    }

    [Fact]
    public async Task PageRequest_AfterASequence_OnlyWhatFollows()
    {
        for (int i = 0; i < 3; i++) await PostAsync($"text {i}");
        Registered registered = await _link.RegisterAsync(_recipient, 15);
        long first = registered.Page.Deliveries[0].Sequence;
        await _link.SendAsync(new EdgeEvent { PageRequest = new PageRequest { Flow = 15, User = _recipient, Ticket = registered.Ticket, After = first } });
        Page page = (await _link.NextAsync(CoreEvent.EventOneofCase.Page)).Page;
        Assert.Equal((first, registered.Page.Upto, false), (page.After, page.Upto, page.Failed));
        Assert.Equal(["text 1", "text 2"], page.Deliveries.Select(d => d.Text.ToStringUtf8()));
    }

    [Fact]
    public async Task PageRequest_WithoutTicket_EmptyPage()
    {
        await PostAsync("hi");
        await _link.RegisterAsync(_recipient, 16);
        await _link.SendAsync(new EdgeEvent { PageRequest = new PageRequest { Flow = 16, User = _recipient, After = 0 } });
        Page page = (await _link.NextAsync(CoreEvent.EventOneofCase.Page)).Page;
        Assert.Equal((0L, 0L, false, false), (page.After, page.Upto, page.More, page.Failed));
        Assert.Empty(page.Deliveries);
    }

    [Fact]
    [Spec("S13", "D.by-account")]
    public async Task Unregister_ThenPost_NotPushedButKept()
    {
        await _link.RegisterAsync(_recipient, 17);
        await _link.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 17, User = _recipient, Number = 5 } });
        Assert.Equal(5ul, (await _link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported.Number);
        await PostAsync("later");
        Registered registered = await _link.RegisterAsync(_recipient, 18);
        Assert.Equal("later", Assert.Single(registered.Page.Deliveries).Text.ToStringUtf8());
    }

    [Fact]
    [Spec("P4")]
    public async Task Submit_ManyWithoutWaiting_StoredInOrder()
    {
        const int Many = 60;
        Registered sender = await _link.RegisterAsync(_sender, 19);
        EdgeEvent[] batch = [.. Enumerable.Range(0, Many).Select(i => new EdgeEvent
        {
            Submit = _link.Submit(_sender, 19, sender.Ticket, $"key {i}", _recipient, ByteString.CopyFromUtf8($"text {i}")),
        })];
        await _link.SendAsync(batch);
        for (int i = 0; i < Many; i++) Assert.Equal(Refusal.Unspecified, (await _link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted.Refusal);

        Registered recipient = await _link.RegisterAsync(_recipient, 20);
        List<Delivery> all = [.. recipient.Page.Deliveries];
        Assert.True(recipient.Page.More);
        await _link.SendAsync(new EdgeEvent { PageRequest = new PageRequest { Flow = 20, User = _recipient, Ticket = recipient.Ticket, After = recipient.Page.Upto } });
        all.AddRange((await _link.NextAsync(CoreEvent.EventOneofCase.Page)).Page.Deliveries);
        Assert.Equal(Enumerable.Range(0, Many).Select(i => $"text {i}"), all.Select(d => d.Text.ToStringUtf8()));
    }

    private async Task<string> PostAsync(string text)
    {
        string id = Guid.NewGuid().ToString();
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Basic(_sender, RedisCore.PasswordOf(_sender)));
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = _recipient, text });
        response.EnsureSuccessStatusCode();
        return id;
    }

    private async Task<string?> StateAsync(string id)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Basic(_sender, RedisCore.PasswordOf(_sender)));
        return (await client.GetFromJsonAsync<JsonElement>($"/v1/messages/{id}")).GetProperty("state").GetString();
    }

    private async Task<Reported> ReportAsync(DeliveryReport report)
    {
        report.Number = 77;
        await _link.SendAsync(new EdgeEvent { DeliveryReport = report });
        Reported reported = (await _link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported;
        Assert.Equal(77ul, reported.Number);
        return reported;
    }
}
