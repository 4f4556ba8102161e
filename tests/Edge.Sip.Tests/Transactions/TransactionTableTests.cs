using Edge.Sip.Parsing;
using Edge.Sip.Tests.Parsing;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Transactions;

public sealed class TransactionTableTests
{
    private static readonly TransactionKey A = new(1), B = new(2), C = new(3);
    private static readonly TransactionKey OfOk = TransactionKey.OfClient(
        "z9hG4bK0123456789abcdef0123456789abcdef"u8, "7b6c0d3e-0000-4000-8000-000000000001.0011223344556677@example.test"u8, 1, "MESSAGE"u8);

    [Fact]
    public void BeginServer_RepeatWhileHandled_AbsorbedUntilTheFinalResponse()
    {
        TransactionTable<string> table = new();
        Assert.Equal(ServerStart.New, table.BeginServer(A));
        Assert.Equal(ServerStart.Repeat, table.BeginServer(A));
        Assert.Equal(ServerStart.New, table.BeginServer(B));
        Assert.True(table.EndServer(A));
        Assert.False(table.EndServer(A));   // sent once
        Assert.Equal(ServerStart.New, table.BeginServer(A));   // J is 0 s
        Assert.Equal(2, table.ServerCount);
    }

    [Fact]
    public void BeginServer_TooMany_Full()
    {
        TransactionTable<string> table = new(mostServer: 2);
        Assert.Equal(ServerStart.New, table.BeginServer(A));
        Assert.Equal(ServerStart.New, table.BeginServer(B));
        Assert.Equal(ServerStart.Full, table.BeginServer(C));
        Assert.Equal(ServerStart.Repeat, table.BeginServer(A));
        Assert.True(table.EndServer(B));
        Assert.Equal(ServerStart.New, table.BeginServer(C));
    }

    [Fact]
    public void TryTakeResponse_FinalThatMatches_OwnerOnce()
    {
        TransactionTable<string> table = new();
        Assert.True(table.TryBeginClient(OfOk, "delivery", TimeSpan.Zero));
        Assert.Equal("delivery", Take(table, Sample.Ok));
        Assert.Null(Take(table, Sample.Ok));
        Assert.Equal(0, table.ClientCount);
    }

    [Fact]
    public void TryTakeResponse_Provisional_OwnerToldAndStillWaiting()
    {
        TransactionTable<string> table = new();
        Assert.True(table.TryBeginClient(OfOk, "delivery", TimeSpan.Zero));
        Assert.Equal("delivery", Take(table, Sample.Ok.Replace("200 OK", "100 Trying", StringComparison.Ordinal)));
        Assert.Equal(1, table.ClientCount);
        Assert.Equal("delivery", Take(table, Sample.Ok));
    }

    [Theory]
    [InlineData("z9hG4bK0123456789abcdef0123456789abcdef", "z9hG4bK0123456789abcdef0123456789abcdee")]
    [InlineData("Call-ID: 7", "Call-ID: 8")]
    [InlineData("CSeq: 1", "CSeq: 2")]
    [InlineData("1 MESSAGE", "1 OPTIONS")]
    public void TryTakeResponse_OneFieldOther_Dropped(string from, string to)
    {
        TransactionTable<string> table = new();
        table.TryBeginClient(OfOk, "delivery", TimeSpan.Zero);
        string other = Sample.Ok.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Sample.Ok, other);
        Assert.Null(Take(table, other));
        Assert.Equal(1, table.ClientCount);
    }

    [Fact]
    public void TryTakeExpired_TimerF_AfterThirtyTwoSeconds()
    {
        TransactionTable<string> table = new();
        Assert.Null(table.NextDeadline());
        table.TryBeginClient(A, "a", TimeSpan.FromSeconds(1));
        table.TryBeginClient(B, "b", TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(33), table.NextDeadline());
        Assert.False(table.TryTakeExpired(TimeSpan.FromSeconds(32.999), out _));
        Assert.True(table.TryTakeExpired(TimeSpan.FromSeconds(33), out string? owner));
        Assert.Equal("a", owner);
        Assert.False(table.TryTakeExpired(TimeSpan.FromSeconds(33), out _));
        Assert.True(table.TryTakeExpired(TimeSpan.FromSeconds(100), out owner));
        Assert.Equal("b", owner);
    }

    [Fact]
    public void TryTakeLost_ConnectionEnds_EveryOwnerOnce()
    {
        TransactionTable<string> table = new();
        table.TryBeginClient(A, "a", TimeSpan.Zero);
        table.TryBeginClient(B, "b", TimeSpan.Zero);
        HashSet<string> lost = [];
        while (table.TryTakeLost(out string? owner)) Assert.True(lost.Add(owner!));
        Assert.Equal(["a", "b"], lost.Order());
    }

    [Fact]
    public void TryBeginClient_TooManyOrSameKey_False()
    {
        TransactionTable<string> table = new(mostClient: 2);
        Assert.True(table.TryBeginClient(A, "a", TimeSpan.Zero));
        Assert.False(table.TryBeginClient(A, "a2", TimeSpan.Zero));
        Assert.True(table.TryBeginClient(B, "b", TimeSpan.Zero));
        Assert.False(table.TryBeginClient(C, "c", TimeSpan.Zero));
    }

    private static string? Take(TransactionTable<string> table, string text)
    {
        SipHeaderSlot[] slots = new SipHeaderSlot[20];
        Assert.Equal(SipFault.None, SipResponse.Parse(Sample.Bytes(text), default, slots, out SipResponse response));
        Assert.Equal(SipFault.None, response.Check(out SipResponseFields fields));
        return table.TryTakeResponse(response, fields, out string? owner) ? owner : null;
    }
}
