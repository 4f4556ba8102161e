using System.Diagnostics;
using System.Globalization;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Core.Store.Tests.Support;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Redis;

/// <summary>What is asked while Redis has not answered yet leaves together.</summary>
public sealed class RedisTurnsTests(RedisFixture fixture) : StoreTest(fixture), IClassFixture<RedisFixture>
{
    private static readonly RedisKey Key = "{1}m";
    private static readonly Moment Moment = new([.. "settings"u8], 17);

    private readonly List<(RedisScript Script, RedisKey[] Keys, RedisValue[] Args, TaskCompletionSource<RedisResult> Answer)> _calls = [];
    private readonly SemaphoreSlim _called = new(0);

    [Fact]   // those that fill the memory before those that free it, each in order; at the time when they leave
    public async Task Turn_AskedDuringTheLast_LeavesInOneCall()
    {
        using RedisTurns turns = Turns();
        Task<RedisResult> alone = turns.EvaluateAsync(RedisScript.Page, [Key], ["a"]);
        Task<RedisResult> end = turns.EvaluateAsync(RedisScript.End, [Key, "{1}r"], ["b"]);
        Task<RedisResult> first = turns.EvaluateAsync(RedisScript.Enqueue, [Key], ["c", "d"]);
        Task<RedisResult> page = turns.EvaluateAsync(RedisScript.Page, [Key], ["e"]);
        Task<RedisResult> second = turns.EvaluateAsync(RedisScript.Enqueue, [Key], ["f"]);
        Assert.Equal(["settings", "17", "\x5\x1\x1", "a"], Assert.Single(_calls).Args.Select(static arg => (string?)arg));

        _calls[0].Answer.SetResult(Answers(1));
        Assert.Equal(1, (int)await alone);
        Assert.Equal(2, _calls.Count);
        Assert.All(_calls, static call => Assert.Equal(RedisScript.Together, call.Script));
        Assert.Equal(["settings", "18", "\x1\x1\x2\x1\x1\x1\x2\x2\x1\x5\x1\x1", "c", "d", "f", "b", "e"], _calls[1].Args.Select(static arg => (string?)arg));
        Assert.Equal(["core-store:sequence", "{1}m", "{1}m", "{1}m", "{1}r", "{1}m"], _calls[1].Keys.Select(static key => (string?)key));

        _calls[1].Answer.SetResult(Answers(2, 3, 4, 5));
        Assert.Equal([2, 3, 4, 5], (await Task.WhenAll(first, second, end, page)).Select(static answer => (int)answer));
    }

    [Fact]   // nobody waits for an end: alone it waits for company, and leaves with whatever comes
    public async Task End_Alone_LeavesWithTheNextQuestion()
    {
        using RedisTurns turns = Turns(patience: TimeSpan.FromHours(1));
        Task<RedisResult> end = turns.EvaluateAsync(RedisScript.End, [Key], [1]);
        Task<RedisResult> page = turns.EvaluateAsync(RedisScript.Page, [Key], [2]);
        await UntilCallsAsync(1);
        Assert.Equal(["settings", "17", "\x2\x1\x1\x5\x1\x1", "1", "2"], _calls[0].Args.Select(static arg => (string?)arg));

        Task<RedisResult> after = turns.EvaluateAsync(RedisScript.End, [Key], [19]);   // asked while a turn is on its way: that alone sends it no sooner
        _calls[0].Answer.SetResult(Answers(1, 2));
        Assert.Equal([1, 2], (await Task.WhenAll(end, page)).Select(static answer => (int)answer));
        Assert.Single(_calls);
        _ = turns.EvaluateAsync(RedisScript.Page, [Key], [20]);
        await UntilCallsAsync(2);
        _calls[1].Answer.SetResult(Answers(3, 4));
        Assert.Equal(3, (int)await after);
    }

    [Fact]   // and if nothing comes, alone
    public async Task End_AloneForLong_LeavesByItself()
    {
        using RedisTurns turns = Turns(patience: TimeSpan.FromMilliseconds(1));
        for (int i = 0; i < 3; i++)
        {
            Task<RedisResult> end = turns.EvaluateAsync(RedisScript.End, [Key], [17]);
            await UntilCallsAsync(i + 1);
            _calls[i].Answer.SetResult(Answers(i));
            Assert.Equal(i, (int)await end);
        }
    }

    [Fact]   // a full call needs no company
    public async Task Ends_AsManyAsACallHolds_LeaveAtOnce()
    {
        using RedisTurns turns = Turns(patience: TimeSpan.FromHours(1));
        for (int i = 0; i < 64; i++) _ = turns.EvaluateAsync(RedisScript.End, [Key], [17]);
        await UntilCallsAsync(1);
        Assert.Equal(65, Assert.Single(_calls).Keys.Length);
    }

    [Fact]   // after a pause at once; right behind another turn only when its time has come, or when it is full
    public async Task Turn_RightBehindAnother_WaitsForItsTimeOrUntilItIsFull()
    {
        using RedisTurns turns = Turns(pace: TimeSpan.FromHours(1));
        Task<RedisResult> first = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        _calls[0].Answer.SetResult(Answers(1));
        await first;
        for (int i = 0; i < 63; i++) _ = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        Assert.Single(_calls);
        _ = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        Assert.Equal(65, _calls[1].Keys.Length);

        using RedisTurns quick = Turns(pace: TimeSpan.FromMilliseconds(20));
        for (int call = 3; call < 6; call++)
        {
            Task<RedisResult> next = quick.EvaluateAsync(RedisScript.Page, [Key], [17]);
            await UntilCallsAsync(call);
            _calls[^1].Answer.SetResult(Answers(call));
            Assert.Equal(call, (int)await next);
        }
    }

    [Fact]   // no call holds Redis for longer than its scripts may
    public async Task Turn_MoreThanACallMayHold_LeavesInSeveral_HandedOutWithTheLast()
    {
        using RedisTurns turns = Turns();
        Task<RedisResult> alone = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        List<Task<RedisResult>> asked = [];
        for (int i = 0; i < 40; i++)
        {
            asked.Add(turns.EvaluateAsync(RedisScript.End, [Key], [17]));
            asked.Add(turns.EvaluateAsync(RedisScript.Enqueue, [Key], [17]));
        }

        _calls[0].Answer.SetResult(Answers(1));
        await alone;
        Assert.Equal([41, 41], _calls[1..].Select(static call => call.Keys.Length));
        Assert.Equal(string.Concat(Enumerable.Repeat("\x1\x1\x1", 40)), (string?)_calls[1].Args[2]);
        RedisResult answers = Answers([.. Enumerable.Range(0, 40)]);
        _calls[1].Answer.SetResult(answers);
        Assert.All(asked, static one => Assert.False(one.IsCompleted));
        _calls[2].Answer.SetResult(answers);
        await Task.WhenAll(asked);
    }

    [Fact]
    public async Task Turn_CallFails_AllOfItFailAndTheNextGoesOn()
    {
        using RedisTurns turns = Turns();
        Task<RedisResult> alone = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        Task<RedisResult>[] many = [turns.EvaluateAsync(RedisScript.End, [Key], [17]), turns.EvaluateAsync(RedisScript.End, [Key], [17])];
        _calls[0].Answer.SetResult(Answers(1));
        await alone;
        _calls[1].Answer.SetException(new RedisException("no answer"));
        foreach (Task<RedisResult> one in many) await Assert.ThrowsAsync<RedisException>(() => one);

        Task<RedisResult> after = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        _calls[2].Answer.SetResult(Answers(6));
        Assert.Equal(6, (int)await after);
    }

    [Fact]   // docs/adr/0010: an acknowledgement takes effect before the page request behind it, on a machine with many processors too
    public void Lanes_Several_OnePartitionStaysInOrder()
    {
        using RedisTurns turns = Turns(lanes: 16);
        for (int partition = 0; partition < 20; partition++)
        {
            int before = _calls.Count;
            _ = turns.EvaluateAsync(RedisScript.End, [$"{{{partition}}}rMESSAGE"], [17]);
            int own = _calls.Count;   // sent, unless the lane is another partition's too
            for (int i = 0; i < 20; i++) _ = turns.EvaluateAsync(RedisScript.Page, [$"{{{partition}}}n{i}"], [17]);
            Assert.Equal(own, _calls.Count);
            Assert.InRange(own - before, 0, 1);
        }

        Assert.True(_calls.Count > 4);   // other partitions do not wait
    }

    [Fact]   // not the server that this program knows: those whose answers lack fail, and nothing stands still
    public async Task Turn_TooFewAnswers_TheRestFails()
    {
        using RedisTurns turns = Turns();
        Task<RedisResult> alone = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        Task<RedisResult>[] many = [turns.EvaluateAsync(RedisScript.End, [Key], [17]), turns.EvaluateAsync(RedisScript.End, [Key], [17])];
        _calls[0].Answer.SetResult(Answers(1));
        await alone;
        _calls[1].Answer.SetResult(Answers(2));
        Assert.Equal(2, (int)await many[0]);
        await Assert.ThrowsAsync<RedisException>(() => many[1]);
    }

    [Fact]   // whoever asked has been told that the store does not answer
    [Spec("P6")]
    public async Task Question_OlderThanItsDeadline_IsNotSent()
    {
        using RedisTurns turns = new(RecordAsync, static () => Moment, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, lanes: 1);
        await Assert.ThrowsAsync<TimeoutException>(() => turns.EvaluateAsync(RedisScript.End, [Key], [17]));
        await Assert.ThrowsAsync<TimeoutException>(() => turns.AskAsync(Key, () => Task.FromException<int>(new InvalidOperationException("sent"))));
        Assert.Empty(_calls);
    }

    [Fact]   // whatever one of a turn waits for, all of it and all behind it have their answer in time
    [Spec("P6")]
    public async Task Turn_NeverAnswered_EveryQuestionFailsInTime_AndTheNextOneGoesOn()
    {
        using RedisTurns turns = new(RecordAsync, static () => Moment, TimeSpan.FromMilliseconds(400), TimeSpan.Zero, TimeSpan.Zero, lanes: 1);
        long began = Stopwatch.GetTimestamp();
        Task<RedisResult> first = turns.EvaluateAsync(RedisScript.Page, [Key], [17]);
        Task<int> command = turns.AskAsync(Key, static () => new TaskCompletionSource<int>().Task);
        Task<RedisResult> behind = turns.EvaluateAsync(RedisScript.Page, [Key], [18]);
        foreach (Task one in new Task[] { first, command, behind }) await Assert.ThrowsAsync<TimeoutException>(() => one);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(380), TimeSpan.FromSeconds(4));

        Assert.Equal(7, await turns.AskAsync(Key, static () => Task.FromResult(7)));
    }

    [Fact]   // at the end of a core nothing waits for ever
    public async Task Dispose_EndsThatWait_Dropped()
    {
        RedisTurns turns = Turns(patience: TimeSpan.FromHours(1));
        Task<RedisResult> end = turns.EvaluateAsync(RedisScript.End, [Key], [17]);
        turns.Dispose();
        await Assert.ThrowsAsync<TimeoutException>(() => end);
        await Assert.ThrowsAsync<TimeoutException>(() => turns.EvaluateAsync(RedisScript.End, [Key], [18]));
        Assert.Empty(_calls);
    }

    [Fact]   // what is thrown before anything is sent is an answer too
    public async Task Command_ThrowsAtOnce_FailsAlone()
    {
        using RedisTurns turns = Turns();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => turns.AskAsync<int>(Key, static () => throw new StoreUnavailableException("not connected")));
        Assert.Equal(7, await turns.AskAsync(Key, static () => Task.FromResult(7)));
    }

    [Fact]
    [Spec("P6")]
    public async Task Accepts_ManyAtOnce_FewerCalls_AndAFaultIsItsOwn()
    {
        await Core.Redis.StringSetAsync(RedisKeys.Mailbox(Core.Names.Account(Carol)), "no mailbox");
        IServer server = Fixture.Admin.GetServers()[0];
        await server.ConfigResetStatisticsAsync();
        NewMessage[] messages = [.. Enumerable.Range(0, 60).Select(static i => Message(Alice, i % 20 == 7 ? Carol : Bob, i.ToString(CultureInfo.InvariantCulture)))];
        Task<Acceptance>[] accepts = [.. messages.Select(message => Store.AcceptAsync(message))];
        await Task.WhenAll(accepts).ContinueWith(static _ => { }, TestContext.Current.CancellationToken, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        for (int i = 0; i < accepts.Length; i++)
        {
            if (i % 20 == 7) await Assert.ThrowsAsync<StoreUnavailableException>(() => accepts[i]);
            else Assert.Equal(AcceptOutcome.Accepted, (await accepts[i]).Outcome);
        }

        Dictionary<string, string> calls = server.Info("commandstats").SelectMany(static s => s).ToDictionary(static l => l.Key, static l => l.Value.Split(',')[0].Split('=')[1]);
        Assert.InRange(int.Parse(calls["cmdstat_evalsha"], CultureInfo.InvariantCulture), 1, 20);
        Assert.InRange(int.Parse(calls["cmdstat_set"], CultureInfo.InvariantCulture), (2 * 57) + 1, (2 * 57) + 40);   // claim and record of each, and a sequence for all of a call
        const int Page = 32;
        Assert.Equal(Enumerable.Range(0, 60).Where(static i => i % 20 != 7).Select(static i => i.ToString(CultureInfo.InvariantCulture)).Take(Page), Texts(await RegisterAsync(Flow(1))));
    }

    [Fact]   // design: with full memory accepts are refused, acknowledgements go on: also when they are asked for at the same time
    [Spec("P6", "P7")]
    public async Task FullMemory_AcceptsAndAcknowledgementsTogether_OnlyTheLatterPass()
    {
        List<MessageKey> queued = [];
        for (int i = 0; i < 20; i++) queued.Add(await AcceptedAsync("queued"));
        MessageTimes? times = await TimesAsync(queued[0]);   // the clock stands: those of all
        IServer server = Fixture.Admin.GetServers()[0];
        await server.ConfigSetAsync("maxmemory", "1mb");
        try
        {
            List<Task<Acceptance>> accepts = [];
            List<Task<MessageStatus?>> ends = [];
            foreach (MessageKey key in queued)
            {
                ends.Add(Store.EndAsync(key, MessageState.Delivered, untold: ends.Count % 2 == 0 ? times : null));
                accepts.Add(SendAsync("refused"));
            }

            foreach (MessageStatus? status in await Task.WhenAll(ends)) Assert.Equal(MessageState.Delivered, status!.State);
            foreach (Task<Acceptance> accept in accepts) await Assert.ThrowsAsync<StoreUnavailableException>(() => accept);
        }
        finally
        {
            await server.ConfigSetAsync("maxmemory", "0");
        }
    }

    private static RedisResult Answers(params int[] numbers) => RedisResult.Create([.. numbers.Select(static number => RedisResult.Create((RedisValue)number))]);

    private RedisTurns Turns(TimeSpan pace = default, TimeSpan patience = default, int lanes = 1) =>
        new(RecordAsync, () => Moment with { NowMs = Moment.NowMs + _calls.Count }, TimeSpan.FromSeconds(4), pace, patience, lanes);

    private async Task UntilCallsAsync(int calls)
    {
        while (await _called.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken) && _calls.Count < calls) { }
        Assert.Equal(calls, _calls.Count);
    }

    private Task<RedisResult> RecordAsync(RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        TaskCompletionSource<RedisResult> answer = new();
        _calls.Add((script, keys, args, answer));
        _called.Release();
        return answer.Task;
    }
}
