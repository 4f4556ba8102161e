using Api.Grpc.Diagnostics;
using Api.Grpc.Translation;
using Core.Store;
using Edge.Link.V1;

namespace Api.Grpc.EdgeLink;

/// <summary>Starts what an edge's events ask for, in the order of the stream and without waiting between them; answers as they end.</summary>
/// <remarks>
/// Store calls begin in that order, so an acknowledgement takes effect before the page request behind it (docs/adr/0010). Calls of several
/// steps wait for the one before them of the same flow and account, and for no other.
/// </remarks>
internal sealed class EdgeEvents(EdgeRegistrations registrations, EdgeSubmissions intake, EdgeReports reports, CoreMetrics metrics, ILogger<EdgeEvents> logger)
{
    private const int MostDeviceCharacters = 64;

    private static readonly Refused Malformed = new(Reason.Malformed, "The edge's request is not what the link's protocol allows.");

    /// <summary>Begins one event that has its place under way. Never throws.</summary>
    /// <param name="stream">Where it came from, and where its answer goes.</param>
    /// <param name="bindings">The order of registrations, renewals and ends.</param>
    /// <param name="submissions">The order of messages handed over.</param>
    /// <param name="happened">The event.</param>
    public void Start(EdgeStream stream, FlowOrder bindings, FlowOrder submissions, EdgeEvent happened)
    {
        switch (happened.EventCase)
        {
            case EdgeEvent.EventOneofCase.Register:
                StartInOrder(stream, bindings, happened, happened.Register.Flow, happened.Register.User);
                break;
            case EdgeEvent.EventOneofCase.Refresh:
                StartInOrder(stream, bindings, happened, happened.Refresh.Flow, happened.Refresh.User);
                break;
            case EdgeEvent.EventOneofCase.Unregister:
                StartInOrder(stream, bindings, happened, happened.Unregister.Flow, happened.Unregister.User);
                break;
            case EdgeEvent.EventOneofCase.Submit:
                StartInOrder(stream, submissions, happened, happened.Submit.Flow, happened.Submit.User);
                break;
            case EdgeEvent.EventOneofCase.Hello:
                stream.EndWithoutAnswer();
                stream.End("a second Hello");
                break;
            case EdgeEvent.EventOneofCase.Heartbeat or EdgeEvent.EventOneofCase.None:   // None: an event of a later protocol
                stream.EndWithoutAnswer();
                break;
            default:
                _ = RunAsync(stream, happened, before: null);
                break;
        }
    }

    private void StartInOrder(EdgeStream stream, FlowOrder order, EdgeEvent happened, ulong flow, string user) =>
        order.Enter(flow, user, RunAsync(stream, happened, order.Before(flow, user)));

    /// <returns>Whether the store answered.</returns>
    private async Task<bool> RunAsync(EdgeStream stream, EdgeEvent happened, Task<bool>? before)
    {
        bool answered = before is null || await before.ConfigureAwait(false);
        CoreEvent answer;
        try
        {
            // A message that waited for one which the store did not answer is refused with it: 503 within 5 s for all (promise P6).
            if (!answered && happened.EventCase == EdgeEvent.EventOneofCase.Submit) answer = Unavailable(happened);
            else if (!IsWellFormed(happened)) answer = RefuseMalformed(stream, happened);
            else answer = await AnswerAsync(stream, happened).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            answer = Unavailable(happened);   // the store has logged and counted it
        }
        catch (Exception fault)   // one event's fault must not end the link of all clients of an edge
        {
            CoreLog.EventFailed(logger, stream.EdgeId, happened.EventCase.ToString(), fault);
            metrics.EventFaulted(happened.EventCase);
            answer = Refuse(happened, Refused.Fault);
        }

        if (answer.Registered is { } registered) metrics.Registration(registered.Outcome);
        stream.Answer(answer);
        return answer.Submitted?.Refusal != Refusal.Unavailable;
    }

    private Task<CoreEvent> AnswerAsync(EdgeStream stream, EdgeEvent happened) => happened.EventCase switch
    {
        EdgeEvent.EventOneofCase.Register => registrations.RegisterAsync(stream, happened.Register),
        EdgeEvent.EventOneofCase.Refresh => registrations.RefreshAsync(stream, happened.Refresh),
        EdgeEvent.EventOneofCase.Unregister => registrations.UnregisterAsync(stream, happened.Unregister),
        EdgeEvent.EventOneofCase.PageRequest => registrations.ReadPageAsync(stream, happened.PageRequest),
        EdgeEvent.EventOneofCase.Submit => intake.SubmitAsync(stream, happened.Submit),
        EdgeEvent.EventOneofCase.DeliveryReport => reports.ReportAsync(stream, happened.DeliveryReport),
        _ => throw new InvalidOperationException($"An event without an answer: {happened.EventCase}."),
    };

    /// <summary>What comes from clients has been checked by the edge; what it makes itself, and the store relies on, is checked here.</summary>
    private static bool IsWellFormed(EdgeEvent happened) => happened.EventCase switch
    {
        EdgeEvent.EventOneofCase.Register => happened.Register.ExpiresSeconds == 0 || IsDevice(happened.Register.Device),
        EdgeEvent.EventOneofCase.Refresh => happened.Refresh.ExpiresSeconds == 0 || IsDevice(happened.Refresh.Device),
        EdgeEvent.EventOneofCase.Submit => happened.Submit.ClientKey.Length > 0,   // else it could not be told from others
        _ => true,
    };

    private static bool IsDevice(string device) => device.Length is > 0 and <= MostDeviceCharacters && !device.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private CoreEvent RefuseMalformed(EdgeStream stream, EdgeEvent happened)
    {
        CoreLog.EventMalformed(logger, stream.EdgeId, happened.EventCase);
        metrics.EventMalformed();
        return Refuse(happened, Malformed);
    }

    /// <summary>Nothing is known of what the store did; every event may be sent again.</summary>
    private CoreEvent Unavailable(EdgeEvent happened) => happened.EventCase switch
    {
        EdgeEvent.EventOneofCase.Register => new CoreEvent
        {
            Registered = new Registered { Request = happened.Register.Request, Outcome = RegisterOutcome.StoreUnavailable, RetryAfterSeconds = (uint)Refused.Store.RetryAfterSeconds },
        },
        EdgeEvent.EventOneofCase.Refresh => Refreshed(happened.Refresh, RegisterOutcome.StoreUnavailable),
        EdgeEvent.EventOneofCase.Unregister => new CoreEvent { Reported = new Reported { Number = happened.Unregister.Number, Retry = true } },
        EdgeEvent.EventOneofCase.PageRequest => EmptyPage(happened.PageRequest, failed: true),
        EdgeEvent.EventOneofCase.Submit => new CoreEvent { Submitted = intake.Refuse(happened.Submit, string.Empty, Refused.Store) },
        EdgeEvent.EventOneofCase.DeliveryReport => new CoreEvent { Reported = new Reported { Number = happened.DeliveryReport.Number, Retry = true } },
        _ => throw new InvalidOperationException($"An event without an answer: {happened.EventCase}."),
    };

    /// <summary>Sending it again would not help: the edge is told so that it does not, and a report is confirmed.</summary>
    private CoreEvent Refuse(EdgeEvent happened, Refused refused) => happened.EventCase switch
    {
        EdgeEvent.EventOneofCase.Register => new CoreEvent { Registered = new Registered { Request = happened.Register.Request, Outcome = RegisterOutcome.RegisterFault } },
        EdgeEvent.EventOneofCase.Refresh => Refreshed(happened.Refresh, RegisterOutcome.RegisterFault),
        EdgeEvent.EventOneofCase.Unregister => new CoreEvent { Reported = new Reported { Number = happened.Unregister.Number } },
        EdgeEvent.EventOneofCase.PageRequest => EmptyPage(happened.PageRequest, failed: false),
        EdgeEvent.EventOneofCase.Submit => new CoreEvent { Submitted = intake.Refuse(happened.Submit, string.Empty, refused) },
        EdgeEvent.EventOneofCase.DeliveryReport => new CoreEvent { Reported = new Reported { Number = happened.DeliveryReport.Number } },
        _ => throw new InvalidOperationException($"An event without an answer: {happened.EventCase}."),
    };

    private static CoreEvent Refreshed(Refresh refresh, RegisterOutcome outcome) => new() { Refreshed = new Refreshed { Flow = refresh.Flow, User = refresh.User, Outcome = outcome } };

    private static CoreEvent EmptyPage(PageRequest request, bool failed) =>
        new() { Page = new Page { Flow = request.Flow, User = request.User, After = request.After, Upto = request.After, Failed = failed } };
}
