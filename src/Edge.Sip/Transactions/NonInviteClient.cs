using static Edge.Sip.Transactions.TxEffect;
using static Edge.Sip.Transactions.TxEvent;
using static Edge.Sip.Transactions.TxState;

namespace Edge.Sip.Transactions;

/// <summary>Non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. Pure; the caller carries out the effect.</summary>
/// <remarks>Without timer E: a reliable transport repeats nothing.</remarks>
internal static class NonInviteClient
{
    internal static (TxState Next, TxEffect Do) Step(TxState state, TxEvent happened) => (state, happened) switch
    {
        (Trying or Proceeding, Provisional) => (Proceeding, TellOwner),
        (Trying or Proceeding, Final) => (Completed, TellOwner | StopTimerF | StartTimerK),   // K is 0 s over TLS
        (Trying or Proceeding, TimerF) => (Terminated, TellOwner),
        (Trying or Proceeding, TransportFailed) => (Terminated, TellOwner | StopTimerF),
        (Completed, TimerK or TransportFailed) => (Terminated, None),   // the owner has its answer
        _ => (state, None),   // no arrow in the figure: ignore
    };
}
