using Edge.Link.V1;
using Edge.Sip.Delivery;
using Testing.Shared;

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
}
