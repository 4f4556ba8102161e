using System.Text;
using Edge.Sip.CoreLink.Carriers;
using Edge.Sip.Tests.Harness;
using Grpc.Core;
using static Edge.Sip.Tests.Harness.Http2Peer;

namespace Edge.Sip.Tests.CoreLink.Carriers;

/// <summary>The call against frames made by hand; against a whole server: <see cref="CoreLinkOnReactorTests"/>.</summary>
public sealed class Http2CallTests : IDisposable
{
    private const int DefaultWindow = 65_535;   // of a core that says nothing of it (RFC 9113 §6.9.2)

    private readonly Http2Call _call = new("core:9444");

    public void Dispose() => _call.Free();

    [Fact]
    public void Call_New_SaysPrefaceSettingsAndRequest()
    {
        byte[] said = Take(_call);
        Assert.Equal(Preface, said[..Preface.Length]);
        IReadOnlyList<Http2Frame> frames = Parse(said.AsSpan(Preface.Length));
        Assert.Equal([Settings, WindowUpdate, Headers], frames.Select(frame => frame.Type));
        Assert.Equal((1, 0), (frames[2].Stream, frames[2].Flags & EndStream));   // its body goes on
        Assert.False(_call.IsOver);
    }

    [Fact]
    public void Receive_CutAtEveryByte_SameMessagesAndEnd()
    {
        byte[] body = [.. Message("one"), .. Message(string.Empty), .. Message(new string('x', 300))];
        byte[] said =
        [
            .. Hello, .. Frame(Data, 0, 1, body[..6]), .. Frame(Ping, 0, 0, new byte[8]), .. Frame(Data, 0, 1, body[6..]),
            .. Fields(1, last: true, ("grpc-status", "0")),
        ];
        for (int cut = 0; cut <= said.Length; cut++) Same(said[..cut], said[cut..]);
        Same([.. said.Select(one => new[] { one })]);

        static void Same(params byte[][] pieces)
        {
            Http2Call call = new("core:9444");
            _ = Take(call);
            List<string> messages = [];
            foreach (byte[] piece in pieces)
            {
                call.Receive(piece);
                while (call.TryTake(out ReadOnlySpan<byte> message)) messages.Add(Encoding.ASCII.GetString(message));
            }

            Assert.Equal(["one", string.Empty, new string('x', 300)], messages);
            Assert.Contains(Parse(Take(call)), frame => frame is { Type: Ping, Flags: Ack });
            Assert.True(call.IsOver);
            Assert.Null(call.Outcome());
            call.Free();
        }
    }

    /// <summary>Until the core reads on, what is too much for its window stays here, and nothing of it is lost.</summary>
    [Fact]
    public void Window_UsedUpAndOpenedAgain_TheRestFollows()
    {
        Begin();
        byte[] sent = new byte[100_000];
        new Random(1).NextBytes(sent);
        sent.AsSpan(0, 70_000).CopyTo(_call.Reserve(70_000));
        sent.AsSpan(70_000).CopyTo(_call.Reserve(30_000));
        byte[] arrived = DataOf(Take(_call));
        Assert.Equal((DefaultWindow, sent.Length - DefaultWindow), (arrived.Length, _call.Unsent));
        Assert.Empty(Take(_call));

        _call.Receive(Frame(WindowUpdate, 0, 1, Number(10_000)));
        Assert.Empty(Take(_call));   // the connection has a window of its own
        _call.Receive(Frame(WindowUpdate, 0, 0, Number(1_000_000)));
        arrived = [.. arrived, .. DataOf(Take(_call))];
        Assert.Equal(DefaultWindow + 10_000, arrived.Length);
        _call.Receive(Frame(WindowUpdate, 0, 1, Number(1_000_000)));
        arrived = [.. arrived, .. DataOf(Take(_call))];
        Assert.Equal(sent, arrived);
        Assert.Equal(0, _call.Unsent);

        sent.AsSpan(0, 10).CopyTo(_call.Reserve(10));   // after a pause
        Assert.Equal(sent[..10], DataOf(Take(_call)));
    }

    [Fact]
    public void Receive_MuchMoreThanAWindow_IsGrantedAgainAsItIsRead()
    {
        Begin();
        byte[] frame = Frame(Data, 0, 1, Message(new string('x', 16_000)));
        long granted = 1_048_576, received = 0;
        for (int i = 0; i < 1_000; i++)
        {
            _call.Receive(frame);
            received += 16_005;
            Assert.True(_call.TryTake(out _));
            foreach (Http2Frame said in Parse(Take(_call)))
            {
                if (said is { Type: WindowUpdate, Stream: 1 }) granted += (said.Payload[0] << 24) | (said.Payload[1] << 16) | (said.Payload[2] << 8) | said.Payload[3];
            }

            Assert.InRange(received, 0, granted);
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(0, 131_073)]
    public void TryTake_CompressedOrOver128KiB_IsRefused(byte compressed, int length)
    {
        Begin();
        _call.Receive(Frame(Data, 0, 1, [compressed, .. Number((uint)length)]));
        Assert.Throws<InvalidDataException>(() => _call.TryTake(out _));
    }

    [Fact]
    public void Status_InTrailersAlone_IsToldWithItsWords()
    {
        _ = Take(_call);
        _call.Receive([.. Frame(Settings, 0, 0, []), .. Fields(1, last: true, (":status", "200"), ("grpc-status", "7"), ("grpc-message", "no%20way%2C %C3%A4%zz"))]);
        Assert.True(_call.IsOver);
        RpcException fault = Assert.IsType<RpcException>(_call.Outcome());
        Assert.Equal((StatusCode.PermissionDenied, "no way, ä%zz"), (fault.StatusCode, fault.Status.Detail));
    }

    [Fact]
    public void Status_NoNumber_IsUnknown()
    {
        Begin();
        _call.Receive(Fields(1, last: true, ("grpc-status", "fine")));
        Assert.Equal(StatusCode.Unknown, Assert.IsType<RpcException>(_call.Outcome()).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answer_OfAnotherServer_IsToldByItsHttpStatus(bool body)
    {
        _ = Take(_call);
        _call.Receive([.. Frame(Settings, 0, 0, []), .. Fields(1, last: !body, (":status", "503"))]);
        Assert.Equal(!body, _call.IsOver);
        if (body) _call.Receive(Frame(Data, EndStream, 1, [0]));
        Assert.True(_call.IsOver);
        Assert.Contains("503", Assert.IsType<IOException>(_call.Outcome()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reset_ByTheCore_IsTheEnd()
    {
        Begin();
        _call.Receive(Frame(Reset, 0, 1, Number(11)));
        Assert.True(_call.IsOver);
        Assert.Contains("11", Assert.IsType<IOException>(_call.Outcome()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GoAway_BehindTheCall_LetsItGoOn()
    {
        Begin();
        _call.Receive(Frame(GoAway, 0, 0, [.. Number(int.MaxValue), .. Number(0)]));
        _ = Take(_call);
        Assert.False(_call.IsOver);
        _call.Receive(Frame(Data, 0, 1, Message("still here")));
        Assert.True(_call.TryTake(out _));
        _call.Receive(Fields(1, last: true, ("grpc-status", "0")));
        Assert.True(_call.IsOver);
        Assert.Null(_call.Outcome());
    }

    [Fact]
    public void GoAway_BeforeTheCall_IsTheEnd()
    {
        _ = Take(_call);
        _call.Receive([.. Frame(Settings, 0, 0, []), .. Frame(GoAway, 0, 0, [.. Number(0), .. Number(0)])]);
        _ = Take(_call);
        Assert.True(_call.IsOver);
        Assert.IsType<IOException>(_call.Outcome());
    }

    /// <summary>The library says GOAWAY, after which nothing comes any more: that is noticed without another byte of the core.</summary>
    [Theory]
    [InlineData("another protocol")]
    [InlineData("data of no stream")]
    [InlineData("a frame too large")]
    [InlineData("half a header block, then something else")]
    public void Rules_BrokenByTheCore_AreTheEnd(string how)
    {
        _ = Take(_call);
        byte[] said = how switch
        {
            "another protocol" => Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            "data of no stream" => [.. Hello, .. Frame(Data, 0, 0, [1])],
            "a frame too large" => [.. Hello, .. Frame(Data, 0, 1, new byte[16_385])],
            _ => [.. Hello, .. Frame(Headers, 0, 1, []), .. Frame(Ping, 0, 0, new byte[8])],
        };
        Exception? fault = Record.Exception(() => _call.Receive(said));
        Assert.True(fault is null or IOException);
        if (fault is null && !_call.IsOver)
        {
            Assert.Contains(Parse(Take(_call)), frame => frame.Type is GoAway or Reset);
            Assert.True(_call.IsOver);
        }

        Assert.IsType<IOException>(_call.Outcome());
    }

    [Fact]
    public void Cancel_ResetsTheStream()
    {
        Begin();
        _call.Reserve(100_000).Clear();   // what is unsent does not hold it up
        _ = Take(_call);
        _call.Cancel();
        Assert.Contains(Parse(Take(_call)), frame => frame is { Type: Reset, Stream: 1, Payload: [0, 0, 0, 8] });
    }

    private void Begin()
    {
        _ = Take(_call);
        _call.Receive(Hello);
        _ = Take(_call);
    }

    private static byte[] DataOf(byte[] said) => [.. Parse(said).Where(frame => frame.Type == Data).SelectMany(frame => frame.Payload)];
}
