using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Delivery;

/// <summary>From the core to the device and back (spec S8, S12, S15, S18, "Delivered by SIP").</summary>
public class DeliveryTests
{
    [Fact]
    [Spec("S3", "S8", "S12", "S25", "S28", "D.sip-delivery", "R.body", "R.from-to")]
    public async Task Push_ToARegisteredDevice_ArrivesAsTheSpecSays()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        LinkDelivery delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 5, text: "héllo 👋");
        await edge.Core.SendAsync(new CoreEvent { Delivery = delivery });

        SipText message = (await bob.ReceiveAsync(1))[0];
        Assert.Equal("héllo 👋", message.Text);
        Assert.StartsWith("MESSAGE sip:bob@127.0.0.1:9;transport=tls;ob ", message.StartLine, StringComparison.Ordinal);
        Assert.Equal("<sip:alice@example.test>;tag=0123456789abcdef", message["From"]);
        Assert.Equal("<sip:bob@example.test>", message["To"]);
        Assert.Equal($"{delivery.MessageId}.0123456789abcdef@example.test", message["Call-ID"]);
        Assert.Equal("1 MESSAGE", message["CSeq"]);
        Assert.Equal("3600", message["Expires"]);
        Assert.Equal("text/plain; charset=utf-8", message["Content-Type"]);

        DeliveryReport report = await edge.Core.SeenAsync(happened => happened.DeliveryReport);
        Assert.Equal(DeliveryOutcome.AcceptedByDevice, report.Outcome);
        Assert.Equal(200u, report.SipStatus);
        Assert.Equal((delivery.Flow, "bob", 5L, delivery.MessageId, "alice", 1u, delivery.Token),
            (report.Flow, report.User, report.Sequence, report.MessageId, report.Sender, report.Attempt, report.Token));
        await Until.TrueAsync(() => edge.Links.Unconfirmed == 0, "report confirmed");
        Assert.Equal(1, edge.Sum("edge.deliveries/accepted"));
        Assert.Equal(0, edge.Sum("edge.deliveries.in_flight"));
    }

    /// <summary>Found by afl-fuzz in what a core may say: the exception left the lane waiting for a message that was never written, for ever.</summary>
    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(253_402_300_800_000)]
    [InlineData(-1)]
    [Spec("P7", "D.order")]
    public async Task Push_AcceptedAtATimeThatIsNone_FailsAndTheNextIsDelivered(long acceptTimeMs)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        LinkDelivery odd = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1), next = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 2, previous: 1);
        odd.AcceptTimeMs = acceptTimeMs;
        odd.ExpireTimeMs = long.MaxValue;
        await edge.Core.SendAsync(new CoreEvent { Delivery = odd }, new CoreEvent { Delivery = next });

        Assert.Equal("text 2", (await bob.ReceiveAsync(1))[0].Text);
        Assert.Equal(DeliveryOutcome.Failed, (await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Sequence == 1)).Outcome);
    }

    [Fact]
    [Spec("S15", "D.order", "P4")]
    public async Task FirstPage_OfTheRegistration_IsDeliveredInOrderOneAtATime()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRegister = (register, answer) =>
        {
            for (int i = 1; i <= 30; i++) answer.Page.Deliveries.Add(core.Delivery(register.Flow, register.User, i));
            answer.Page.Upto = 30;
            return answer;
        });
        SipClient bob = await edge.ConnectAsync();
        bob.Answer = _ => 0;
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
        for (int i = 1; i <= 30; i++)
        {
            SipText message = await bob.NextRequestAsync();
            Assert.Equal($"text {i}", message.Text);
            Assert.Equal(i, bob.Received.Count);   // RFC 3428 §8: nothing more before this one is answered
            await bob.RespondAsync(message, 200);
        }

        await Until.TrueAsync(() => edge.Core.Count(happened => happened.DeliveryReport) == 30, "30 reports");
        Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), edge.Core.Events.Where(e => e.DeliveryReport is not null).Select(e => e.DeliveryReport.Sequence));
    }

    [Fact]
    [Spec("D.order")]
    public async Task Window_OfThree_HasThreeInFlight()
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: "Sip:Window=3");
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = _ => 0;
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync([.. Enumerable.Range(1, 5).Select(i => new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", i, i - 1) })]);
        IReadOnlyList<SipText> three = await bob.ReceiveAsync(3);
        Assert.Equal(3, edge.Sum("edge.deliveries.in_flight"));
        await bob.RespondAsync(three[1], 200);   // in any order
        Assert.Equal("text 4", (await bob.ReceiveAsync(1))[0].Text);
    }

    [Fact]
    [Spec("D.order", "P4")]
    public async Task Push_WithAGap_BringsThePage()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        edge.Core.OnPageRequest = request => new Page
        {
            Flow = request.Flow,
            User = request.User,
            After = request.After,
            Upto = 4,
            Deliveries = { edge.Core.Delivery(flow, "bob", 3), edge.Core.Delivery(flow, "bob", 4) },
        };
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 4, previous: 3) });
        IReadOnlyList<SipText> messages = await bob.ReceiveAsync(2);
        Assert.Equal(["text 3", "text 4"], messages.Select(message => message.Text));
        PageRequest asked = await edge.Core.SeenAsync(happened => happened.PageRequest);
        Assert.Equal((0L, "ticket of bob"), (asked.After, asked.Ticket.ToStringUtf8()));
        Assert.Equal(1, edge.Sum("edge.pushes.dropped/gap"));
    }

    [Theory]
    [InlineData(202, DeliveryOutcome.AcceptedByDevice)]
    [InlineData(415, DeliveryOutcome.RefusedByDevice)]
    [InlineData(603, DeliveryOutcome.RefusedByDevice)]
    [InlineData(401, DeliveryOutcome.Failed)]
    [InlineData(480, DeliveryOutcome.Failed)]
    [InlineData(302, DeliveryOutcome.Failed)]
    [Spec("S18")]
    public async Task Response_Final_IsReported(int status, DeliveryOutcome outcome)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = _ => status;
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        DeliveryReport report = await edge.Core.SeenAsync(happened => happened.DeliveryReport);
        Assert.Equal((outcome, (uint)status), (report.Outcome, report.SipStatus));
        Assert.Single(bob.Received);   // no credentials, no redirect followed
    }

    [Fact]
    [Spec("D.sip-delivery", "R.attempt")]
    public async Task Retry_AfterAFailure_HasTheSameCallIdAndANewBranch()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        int tries = 0;
        bob.Answer = _ => tries++ == 0 ? 500 : 200;
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) });
        await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Outcome == DeliveryOutcome.Failed);
        await edge.Core.SendAsync(new CoreEvent { Page = new Page { Flow = flow, User = "bob", After = 0, Upto = 1, Deliveries = { edge.Core.Delivery(flow, "bob", 1, attempt: 2) } } });
        DeliveryReport second = await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Outcome == DeliveryOutcome.AcceptedByDevice);
        Assert.Equal(2u, second.Attempt);
        SipText[] copies = [.. bob.Received];
        Assert.Equal(copies[0]["Call-ID"], copies[1]["Call-ID"]);
        Assert.Equal(copies[0]["From"], copies[1]["From"]);
        Assert.NotEqual(copies[0]["Via"], copies[1]["Via"]);
    }

    [Fact]
    [Spec("S18")]
    public async Task ProvisionalResponse_IsNotAnAnswer()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = _ => 0;
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        SipText message = (await bob.ReceiveAsync(1))[0];
        await bob.RespondAsync(message, 100);
        await bob.RespondAsync(message, 200);
        DeliveryReport report = await edge.Core.SeenAsync(happened => happened.DeliveryReport);
        Assert.Equal(200u, report.SipStatus);
    }

    /// <summary>Design, step 4: a response counts on the flow of its request alone.</summary>
    [Fact]
    [Spec("S18", "S25")]
    public async Task Response_ForgedOnAnotherConnection_IsIgnored()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipClient mallory = await edge.RegisteredAsync("mallory");
        bob.Answer = _ => 0;
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        SipText message = (await bob.ReceiveAsync(1))[0];
        await mallory.RespondAsync(message, 200);
        await Until.TrueAsync(() => edge.Sum("edge.responses.ignored") == 1, "forged response counted");
        Assert.Equal(0, edge.Core.Count(happened => happened.DeliveryReport));
        await bob.RespondAsync(message, 200);
        await edge.Core.SeenAsync(happened => happened.DeliveryReport);
    }

    [Fact]
    [Spec("S18", "D.order")]
    public async Task TimerF_WithoutAResponse_FailsTheTryAndGoesOn()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = message => message.Text == "text 1" ? 0 : 200;
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(
            new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) }, new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 2, previous: 1) });
        await bob.ReceiveAsync(1);
        await edge.MoveAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(0, edge.Core.Count(happened => happened.DeliveryReport));
        await edge.MoveAsync(TimeSpan.FromSeconds(2));
        await Until.TrueAsync(() => edge.Core.Count(happened => happened.DeliveryReport) == 2, "timer F, 32 s");
        DeliveryReport[] reports = [.. edge.Core.Events.Where(e => e.DeliveryReport is not null).Select(e => e.DeliveryReport)];
        Assert.Equal((DeliveryOutcome.Failed, 0u), (reports[0].Outcome, reports[0].SipStatus));
        Assert.Equal(DeliveryOutcome.AcceptedByDevice, reports[1].Outcome);
    }

    [Fact]
    [Spec("S18", "S38")]
    public async Task ConnectionEnd_FailsWhatWasWrittenThenUnregisters()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = _ => 0;
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(
            new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) }, new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 2, previous: 1) });
        await bob.ReceiveAsync(1);
        await bob.DisposeAsync();
        Unregister ended = await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal((flow, "bob"), (ended.Flow, ended.User));
        DeliveryReport report = Assert.Single(edge.Core.Events, happened => happened.DeliveryReport is not null).DeliveryReport;   // 2 was only held: the core has it
        Assert.Equal((1L, DeliveryOutcome.Failed), (report.Sequence, report.Outcome));
        Assert.Equal(0, edge.Sum("edge.registrations"));
        await Until.TrueAsync(() => edge.Links.Unconfirmed == 0, "both confirmed");
    }

    [Fact]
    public async Task Push_ForAnUnknownFlow_IsDroppedAndCounted()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow + 99, "bob", 1) }, new CoreEvent { Delivery = edge.Core.Delivery(flow, "carol", 1) });
        await Until.TrueAsync(() => edge.Sum("edge.pushes.dropped/unknown_flow") == 1 && edge.Sum("edge.pushes.dropped/unknown_binding") == 1, "both counted");
        Assert.Empty(bob.Received);
    }

    [Theory]
    [InlineData("push")]
    [InlineData("page")]
    [InlineData("refreshed")]
    public async Task CoreEvent_ForADeadBinding_IsAnsweredByItsEndOnceUntilConfirmed(string kind)
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnUnregister = _ => null);
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        CoreEvent For(ulong flow, string user) => kind switch
        {
            "push" => new CoreEvent { Delivery = edge.Core.Delivery(flow, user, 1) },
            "page" => new CoreEvent { Page = new Page { Flow = flow, User = user, Upto = 1, Deliveries = { edge.Core.Delivery(flow, user, 1) } } },
            _ => new CoreEvent { Refreshed = new Refreshed { Flow = flow, User = user, Outcome = RegisterOutcome.Bound } },
        };

        await edge.Core.SendAsync(For(flow + 99, "bob"), For(flow + 99, "bob"), For(flow, "carol"), For(flow, "carol"), For(flow, "bob"));
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 2, previous: kind == "refreshed" ? 0 : 1) });
        await edge.Core.SeenAsync(happened => happened.Unregister, ended => ended.Flow == flow && ended.User == "carol");
        await bob.ReceiveAsync(kind == "refreshed" ? 1 : 2);   // whatever had come of the events before has been posted
        Assert.Equal(
            [(flow + 99, "bob"), (flow, "carol")],
            edge.Core.Events.Where(happened => happened.Unregister is not null).Select(happened => (happened.Unregister.Flow, happened.Unregister.User)));
    }

    [Fact]
    public async Task DeadBinding_ShownAgainAfterItsEndWasConfirmed_IsEndedAgain()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        ulong gone = edge.FlowOf("bob") + 99;
        for (int i = 1; i <= 2; i++)
        {
            await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(gone, "bob", i) });
            await Until.TrueAsync(() => edge.Core.Count(happened => happened.Unregister) == i && edge.Links.Unconfirmed == 0, "told and confirmed");
        }

        Assert.Empty(bob.Received);
    }

    [Fact]
    public async Task Unregister_TheStoreCouldNotTake_IsKeptUntilItCan()
    {
        bool available = false;
        await using TestEdge edge = await TestEdge.StartAsync(
            moveTime: true, core: core => core.OnUnregister = ended => new Reported { Number = ended.Number, Retry = !available });
        SipClient bob = await edge.RegisteredAsync();
        await bob.DisposeAsync();
        await edge.MoveUntilAsync(() => edge.Core.Count(happened => happened.Unregister) >= 8, TimeSpan.FromMinutes(3), "sent again and again");
        Assert.Equal(1, edge.Links.Unconfirmed);
        available = true;
        await edge.MoveUntilAsync(() => edge.Links.Unconfirmed == 0, TimeSpan.FromSeconds(30), "confirmed");
    }
}
