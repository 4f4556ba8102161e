using Edge.Link.V1;
using Edge.Sip.Delivery;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Delivery;

public class DeliveryOutcomeTests
{
    /// <summary>Spec S18: the list of final refusals, and nothing else, ends a message.</summary>
    [Fact]
    [Spec("S18")]
    public void OutcomeOf_EveryFinalStatus_FollowsTheSpec()
    {
        int[] refusals = [405, 406, 413, 414, 415, 416, 420, 485, 488, 489, 493, 501, 505, 513];
        for (int status = 200; status < 700; status++)
        {
            DeliveryOutcome expected = status < 300 ? DeliveryOutcome.AcceptedByDevice
                : status >= 600 || refusals.Contains(status) ? DeliveryOutcome.RefusedByDevice : DeliveryOutcome.Failed;
            Assert.Equal(expected, DeliveryPump.OutcomeOf(status));
        }
    }

    /// <summary>The same on a connection: what is reported for each class and each listed code, and that nothing is sent again, with credentials or without.</summary>
    [Theory]
    [InlineData(DeliveryOutcome.AcceptedByDevice, 200, 202, 204, 299)]
    [InlineData(DeliveryOutcome.RefusedByDevice, 405, 406, 413, 414, 415, 416, 420, 485, 488, 489, 493)]
    [InlineData(DeliveryOutcome.RefusedByDevice, 501, 505, 513)]
    [InlineData(DeliveryOutcome.RefusedByDevice, 600, 603, 604, 606, 607, 699)]
    [InlineData(DeliveryOutcome.Failed, 300, 301, 302, 305, 380, 399)]
    [InlineData(DeliveryOutcome.Failed, 400, 403, 404, 408, 410, 421, 423, 430, 480, 481, 483, 484, 486, 487, 491, 494, 499)]
    [InlineData(DeliveryOutcome.Failed, 401, 407)]   // a device that asks who we are is told nothing
    [InlineData(DeliveryOutcome.Failed, 482)]        // R.attempt: the first copy is still being handled
    [InlineData(DeliveryOutcome.Failed, 500, 502, 503, 504, 580, 599)]
    [Spec("S18", "B2", "R.attempt")]
    public async Task Answer_OfADevice_IsReportedOnceAndNothingMoreIsSent(DeliveryOutcome outcome, params int[] statuses)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = _ => 0;
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync([.. statuses.Select((_, i) => new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", i + 1, previous: i) })]);
        foreach (int status in statuses)
        {
            SipText message = (await bob.ReceiveAsync(1))[0];
            string header = status == 407 ? "Proxy-Authenticate" : "WWW-Authenticate";
            await bob.RespondAsync(message, status, status is 401 or 407 ? $"{header}: Digest realm=\"bob\", nonce=\"x\", qop=\"auth\"\r\n" : string.Empty);
        }

        await Until.TrueAsync(() => edge.Core.Count(happened => happened.DeliveryReport) == statuses.Length, "a report of each");
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);   // by now anything else would have been sent
        Assert.Equal(statuses.Length, bob.Received.Count);
        Assert.All(bob.Received, message => Assert.Equal((string.Empty, string.Empty), (message["Authorization"], message["Proxy-Authorization"])));
        Assert.Equal(
            statuses.Select((status, i) => (outcome, (uint)status, 1u, i + 1L)),
            edge.Core.Events.Where(happened => happened.DeliveryReport is not null).Select(happened => happened.DeliveryReport)
                .Select(report => (report.Outcome, report.SipStatus, report.Attempt, report.Sequence)));
    }
}
