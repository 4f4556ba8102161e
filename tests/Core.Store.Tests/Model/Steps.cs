using System.Text;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using CsCheck;

namespace Core.Store.Tests.Model;

/// <summary>One step of a case, in small numbers: what they stand for depends on how far the case has come.</summary>
/// <param name="Core">0 or 1: who does it.</param>
internal abstract record Step(int Core)
{
    /// <summary>Makes the step definite, by what the model knows just now; then it can be asked of either side. The answer is text, so that a difference can be read.</summary>
    public abstract Func<IStoreSide, string> Resolve(StoreModel model);

    private protected static MessageModel? Pick(StoreModel model, int which, bool waiting)
    {
        MessageModel[] some = [.. model.Messages.Where(m => !waiting || m.State == MessageState.Enqueued)];
        return some.Length == 0 ? null : some[which % some.Length];
    }

    private protected static FlowId Flow(int flow) => new($"edge-{1 + (flow % 2)}", 1 + (flow / 7), (ulong)(flow % 7));
}

/// <summary>Ids are few, so that many are used again; receipts are asked for by the id, since a repeat asks for the same.</summary>
internal sealed record AcceptStep(int Core, int Sender, int Recipient, int Id, int Text) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        ReceiptRequest? receipts = (Id % 5) switch { 2 => new(string.Empty, true, true), 3 => new($"client-{Id}", true, false), 4 => new($"client-{Id}", false, true), _ => null };
        NewMessage message = new(
            model.Accounts[Sender].Address, new Guid(Id + 1, 0, 0, new byte[8]), model.Accounts[Recipient].Address, Encoding.UTF8.GetBytes($"text {Text} of {Id}"), receipts);
        return side => Answers.Of(side.Accept(Core, message));
    }
}

internal sealed record EndStep(int Core, int Which, bool Waiting, MessageState State) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        if (Pick(model, Which, Waiting) is not { } message) return _ => string.Empty;
        MessageTimes? times = Known(model, message);
        return side => $"{side.End(Core, message.Key, State, times)}";
    }

    /// <summary>The times, half of the time, if the message was given out with them: the store need not read it again.</summary>
    private MessageTimes? Known(StoreModel model, MessageModel message) =>
        Which % 2 == 0 && message.Queued(0, 1, model.Account(message.Key.Recipient).HasFailed(message)).EndsUntold ? new MessageTimes(message.Accepted, message.Expires) : null;
}

/// <summary>A try fails: mostly on the active flow and with the next attempt's number.</summary>
internal sealed record FailStep(int Core, int Which, int Binding, int TooMany) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        if (Pick(model, Which, waiting: true) is not { } message) return _ => string.Empty;
        AccountModel recipient = model.Account(message.Key.Recipient);
        IReadOnlyList<BindingModel> bindings = recipient.Bindings(model.Now);
        FlowId flow = bindings.Count == 0 ? Flow(0) : bindings[Binding % bindings.Count].Flow;
        int attempt = recipient.Tries(message) + 1 + TooMany;
        return side =>
        {
            side.Fail(Core, message.Key, flow, attempt);
            return string.Empty;
        };
    }
}

internal sealed record RegisterStep(int Core, int Account, int OnFlow, int Device, int Seconds, bool ByClient, bool FromLast) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        AccountModel account = model.Accounts[Account];
        Binding binding = new(Flow(OnFlow), $"device-{Device}", model.Now.AddSeconds(Seconds));
        long after = FromLast ? account.Mailbox.Keys.LastOrDefault() : 0;
        return side => Answers.Of(side.Register(Core, account.Address, binding, after, ByClient));
    }
}

internal sealed record UnregisterStep(int Core, int Account, int Binding) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        AccountModel account = model.Accounts[Account];
        IReadOnlyList<BindingModel> bindings = account.Bindings(DateTimeOffset.MinValue);   // also what has lapsed
        FlowId flow = Binding >= bindings.Count ? Flow(Binding) : bindings[Binding].Flow;
        return side =>
        {
            side.Unregister(Core, account.Address, flow);
            return string.Empty;
        };
    }
}

internal sealed record PageStep(int Core, int Account, int Binding, int After) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model)
    {
        AccountModel account = model.Accounts[Account];
        IReadOnlyList<BindingModel> bindings = account.Bindings(DateTimeOffset.MinValue);
        FlowId flow = Binding >= bindings.Count ? Flow(Binding) : bindings[Binding].Flow;
        long after = account.Mailbox.Keys.Prepend(0).ElementAtOrDefault(After);
        return side => Answers.Of(side.Page(Core, account.Address, flow, after));
    }
}

internal sealed record CreateStep(int Core, int Account) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model) => side => $"{side.Create(Core, model.Accounts[Account].Address)}";
}

internal sealed record DeleteStep(int Core, int Account) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model) => side => $"{side.Delete(Core, model.Accounts[Account].Address)}";
}

internal sealed record OpenFeedStep(int Core, int Sender) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model) => side => $"{side.OpenFeed(Core, model.Accounts[Sender].Address)}";
}

internal sealed record SweepStep(int Core) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model) => side =>
    {
        side.Sweep(Core);
        return string.Empty;
    };
}

internal sealed record ClockStep(int Core, TimeSpan By) : Step(Core)
{
    public override Func<IStoreSide, string> Resolve(StoreModel model) => side =>
    {
        side.MoveClock(By);
        return string.Empty;
    };
}

/// <summary>A step, and where it is cut: at its n-th call of Redis (0: nowhere), the core dies, or waits while the other core does something.</summary>
internal sealed record PlannedStep(Step Step, int CutAt, CutKind Kind, Step Meanwhile)
{
    public override string ToString() => CutAt == 0 ? $"{Step}" : $"{Step}, at call {CutAt}: {Kind}{(Kind == CutKind.Waits ? $" while {Meanwhile}" : string.Empty)}";
}

/// <summary>Makes cases.</summary>
internal static class Plans
{
    /// <summary>The last of them does not exist until it is created.</summary>
    private const int Accounts = 4;

    /// <summary>Most is sent to one, so that its mailbox fills.</summary>
    private const int Busiest = 1;

    private static readonly Gen<int> Core = Gen.Int[0, 1];
    private static readonly Gen<int> Sender = Gen.Int[0, Accounts - 2];
    private static readonly Gen<int> Account = Gen.Frequency((8, Gen.Const(Busiest)), (6, Gen.Int[0, Accounts - 2]), (1, Gen.Const(Accounts - 1)));
    private static readonly Gen<int> Which = Gen.Int[0, 99];

    /// <summary>Mostly the first, the active one.</summary>
    private static readonly Gen<int> Binding = Gen.Frequency((8, Gen.Const(0)), (3, Gen.Int[1, 5]));

    private static readonly Gen<MessageState> End = Gen.Frequency(
        (6, Gen.Const(MessageState.Delivered)), (2, Gen.Const(MessageState.InvalidDevice)), (1, Gen.Const(MessageState.Expired)), (1, Gen.Const(MessageState.InvalidPayload)));

    private static readonly Gen<TimeSpan> Time = Gen.Frequency(
        (8, AnyOf(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(6))),
        (8, AnyOf(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(33), TimeSpan.FromSeconds(40), TimeSpan.FromMinutes(2))),
        (2, AnyOf(TimeSpan.FromHours(1), TimeSpan.FromHours(13), TimeSpan.FromHours(36))),
        (1, AnyOf(new TimeSpan(71, 59, 59), TimeSpan.FromHours(72), new TimeSpan(72, 0, 1), TimeSpan.FromHours(84))));

    private static readonly Gen<Step> Step = Gen.Frequency(
        (32, Gen.Select(Core, Sender, Account, Gen.Int[0, 9], Gen.Frequency((9, Gen.Const(0)), (1, Gen.Const(1))), (c, s, r, i, t) => (Step)new AcceptStep(c, s, r, i, t))),
        (4, Gen.Select(Core, Sender, Gen.Int[0, 9], (c, s, i) => (Step)new AcceptStep(c, s, Busiest, i, 0))),
        (12, Gen.Select(Core, Which, Gen.Frequency((3, Gen.Const(true)), (1, Gen.Const(false))), End, (c, w, x, s) => (Step)new EndStep(c, w, x, s))),
        (10, Gen.Select(Core, Which, Binding, Gen.Frequency((9, Gen.Const(0)), (1, Gen.Int[-1, 1])), (c, w, b, t) => (Step)new FailStep(c, w, b, t))),
        (14, Gen.Select(
            Core, Account, Gen.Frequency((9, Gen.Int[0, 6]), (1, Gen.Int[7, 13])), Gen.Int[0, 6], AnyOf(60, 600, 3_600), Gen.Frequency((3, Gen.Const(true)), (1, Gen.Const(false))), Gen.Bool,
            (c, a, f, d, s, b, l) => (Step)new RegisterStep(c, a, f, d, s, b, l))),
        (4, Gen.Select(Core, Account, Binding, (c, a, b) => (Step)new UnregisterStep(c, a, b))),
        (6, Gen.Select(Core, Account, Binding, Gen.Int[0, 6], (c, a, b, n) => (Step)new PageStep(c, a, b, n))),
        (2, Gen.Select(Core, Account, (c, a) => (Step)new DeleteStep(c, a))),
        (3, Gen.Select(Core, Account, (c, a) => (Step)new CreateStep(c, a))),
        (2, Gen.Select(Core, Sender, (c, s) => (Step)new OpenFeedStep(c, s))),
        (10, Core.Select(c => (Step)new SweepStep(c))),
        (10, Gen.Select(Core, Time, (c, t) => (Step)new ClockStep(c, t))));

    private static readonly Gen<CutKind> Kind = Gen.Frequency((1, Gen.Const(CutKind.DiesBefore)), (1, Gen.Const(CutKind.DiesAfter)), (2, Gen.Const(CutKind.Waits)));

    public static Gen<PlannedStep[]> Case { get; } = Gen.Select(
        Step, Gen.Frequency((2, Gen.Const(0)), (1, Gen.Frequency((3, Gen.Int[1, 3]), (1, Gen.Int[4, 8])))), Kind, Step, (s, at, k, m) => new PlannedStep(s, at, k, m)).Array[5, 80];

    private static Gen<T> AnyOf<T>(params T[] of) => Gen.Int[0, of.Length - 1].Select(i => of[i]);
}
