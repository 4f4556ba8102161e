using static Edge.Sip.Transactions.TxEffect;
using static Edge.Sip.Transactions.TxEvent;
using static Edge.Sip.Transactions.TxState;

namespace Edge.Sip.Transactions;

/// <summary>Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. Pure; the caller carries out the effect.</summary>
internal static class NonInviteServer
{
    internal static (TxState Next, TxEffect Do) Step(TxState state, TxEvent happened) => (state, happened) switch
    {
        (Trying or Proceeding, Provisional) => (Proceeding, Send),
        (Trying or Proceeding, Final) => (Completed, Send | StartTimerJ),   // J is 0 s over TLS
        (Proceeding or Completed, Repeat) => (state, SendAgain),
        (Completed, TimerJ) => (Terminated, None),
        (not Terminated, TransportFailed) => (Terminated, TellOwner),
        _ => (state, None),   // no arrow in the figure: ignore
    };
}
