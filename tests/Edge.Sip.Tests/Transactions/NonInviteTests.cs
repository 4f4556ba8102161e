using Edge.Sip.Transactions;
using static Edge.Sip.Transactions.TxEffect;
using static Edge.Sip.Transactions.TxEvent;
using static Edge.Sip.Transactions.TxState;

namespace Edge.Sip.Tests.Transactions;

/// <summary>RFC 3261 figures 6 and 8, arrow by arrow; whatever has no arrow changes nothing.</summary>
public sealed class NonInviteTests
{
    private static readonly Dictionary<(TxState, TxEvent), (TxState, TxEffect)> ServerArrows = new()
    {
        [(Trying, Provisional)] = (Proceeding, Send),
        [(Proceeding, Provisional)] = (Proceeding, Send),
        [(Trying, Final)] = (Completed, Send | StartTimerJ),
        [(Proceeding, Final)] = (Completed, Send | StartTimerJ),
        [(Proceeding, Repeat)] = (Proceeding, SendAgain),
        [(Completed, Repeat)] = (Completed, SendAgain),
        [(Completed, TimerJ)] = (Terminated, None),
        [(Trying, TransportFailed)] = (Terminated, TellOwner),
        [(Proceeding, TransportFailed)] = (Terminated, TellOwner),
        [(Completed, TransportFailed)] = (Terminated, TellOwner),
    };

    private static readonly Dictionary<(TxState, TxEvent), (TxState, TxEffect)> ClientArrows = new()
    {
        [(Trying, Provisional)] = (Proceeding, TellOwner),
        [(Proceeding, Provisional)] = (Proceeding, TellOwner),
        [(Trying, Final)] = (Completed, TellOwner | StopTimerF | StartTimerK),
        [(Proceeding, Final)] = (Completed, TellOwner | StopTimerF | StartTimerK),
        [(Trying, TimerF)] = (Terminated, TellOwner),
        [(Proceeding, TimerF)] = (Terminated, TellOwner),
        [(Trying, TransportFailed)] = (Terminated, TellOwner | StopTimerF),
        [(Proceeding, TransportFailed)] = (Terminated, TellOwner | StopTimerF),
        [(Completed, TimerK)] = (Terminated, None),
        [(Completed, TransportFailed)] = (Terminated, None),
    };

    [Fact]
    public void ServerStep_EveryStateAndEvent_AsTheFigure() => AssertFigure(ServerArrows, NonInviteServer.Step);

    [Fact]
    public void ClientStep_EveryStateAndEvent_AsTheFigure() => AssertFigure(ClientArrows, NonInviteClient.Step);

    /// <summary>RFC 3261 table 4, reliable transport.</summary>
    [Fact]
    public void Timers_ReliableTransport_AsTheTable()
    {
        Assert.Equal(TimeSpan.FromSeconds(32), SipTimers.F);
        Assert.Equal(TimeSpan.Zero, SipTimers.J);
        Assert.Equal(TimeSpan.Zero, SipTimers.K);
    }

    private static void AssertFigure(Dictionary<(TxState, TxEvent), (TxState, TxEffect)> arrows, Func<TxState, TxEvent, (TxState, TxEffect)> step)
    {
        foreach (TxState state in Enum.GetValues<TxState>())
        {
            foreach (TxEvent happened in Enum.GetValues<TxEvent>())
            {
                Assert.Equal(arrows.GetValueOrDefault((state, happened), (state, None)), step(state, happened));
            }
        }
    }
}
