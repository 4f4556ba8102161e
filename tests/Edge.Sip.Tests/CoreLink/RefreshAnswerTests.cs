using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Google.Protobuf;

namespace Edge.Sip.Tests.CoreLink;

/// <summary>The edge's own reading of what comes down by the thousand, held against Protobuf's.</summary>
public sealed class RefreshAnswerTests
{
    public static TheoryData<string> Answers =>
    [
        .. new Refreshed[]
        {
            new(),
            new() { Flow = 7, User = "bob", Outcome = RegisterOutcome.BadTicket },
            new() { Flow = ulong.MaxValue, User = new string('u', 64), Outcome = RegisterOutcome.Bound, Page = new Page() },
            new() { Flow = 1UL << 35, User = "bob", Outcome = RegisterOutcome.Bound, Page = new Page { Flow = 1UL << 35, User = "bob", After = long.MaxValue, Upto = -1, More = true } },
            new() { Flow = 7, User = "bob", Outcome = (RegisterOutcome)(-1), Page = new Page { Failed = true } },
        }.Select(static one => Convert.ToHexString(one.ToByteArray())),
    ];

    [Theory]
    [MemberData(nameof(Answers))]
    public void TryRead_AnswerThatNothingWaitsFor_SaysWhatProtobufReads(string encoded)
    {
        Refreshed meant = Refreshed.Parser.ParseFrom(Convert.FromHexString(encoded));
        for (int turn = 0; turn < 2; turn++)   // the page of the one before is used again
        {
            Assert.True(RefreshAnswer.TryRead(Convert.FromHexString(encoded), out RefreshAnswer answer));
            Assert.Equal((meant.Flow, meant.User, meant.Outcome), (answer.Flow, answer.UserName, answer.Outcome));
            Assert.Equal(meant.Page is null, answer.Page is null);
            if (meant.Page is { } page) Assert.Equal((page.After, page.Upto, page.More, page.Failed), (answer.Page!.After, answer.Page.Upto, answer.Page.More, answer.Page.Failed));
            Assert.True(RefreshAnswer.TryRead(new Refreshed { Page = new Page { After = 1, Upto = 2, More = true, Failed = true } }.ToByteArray(), out _));
        }

        RefreshAnswer same = RefreshAnswer.Of(meant);
        Assert.Equal((meant.Flow, meant.User, meant.Outcome, meant.Page), (same.Flow, same.UserName, same.Outcome, same.Page));
    }

    [Fact]
    public void TryRead_PageWithDeliveries_IsLeftToProtobuf() =>
        Assert.False(RefreshAnswer.TryRead(new Refreshed { Flow = 7, User = "bob", Page = new Page { Upto = 5, Deliveries = { new Edge.Link.V1.Delivery { Sequence = 5 } } } }.ToByteArray(), out _));

    /// <summary>Fields of a newer core, of every wire type.</summary>
    [Fact]
    public void TryRead_FieldsOfANewerCore_AreSkipped()
    {
        byte[] encoded = [.. new Refreshed { Flow = 7, User = "bob", Outcome = RegisterOutcome.Bound }.ToByteArray(), 0x78, 0xAC, 0x02, 0x82, 0x01, 0x02, 1, 2, 0x89, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x95, 0x01, 1, 2, 3, 4];
        Assert.Equal(RegisterOutcome.Bound, Refreshed.Parser.ParseFrom(encoded).Outcome);
        Assert.True(RefreshAnswer.TryRead(encoded, out RefreshAnswer answer));
        Assert.Equal((7UL, "bob", RegisterOutcome.Bound), (answer.Flow, answer.UserName, answer.Outcome));
    }

    /// <summary>Cut at every byte, and each byte replaced by others: both readers take it and read the same, or both refuse.</summary>
    [Fact]
    public void TryRead_CutOrAlteredAtEveryByte_IsWhatProtobufMakesOfIt()
    {
        // No byte of it ends like the tag of a group, which Protobuf takes, and those that do are not put in; nor can a length have more than 32 bits, which it cuts off.
        byte[] whole = new Refreshed { Flow = 1UL << 27, User = "aa", Outcome = RegisterOutcome.Bound, Page = new Page { Flow = 1UL << 27, User = "aa", After = 256, Upto = 257, More = true } }.ToByteArray();
        Assert.DoesNotContain(whole, static b => (b & 7) is 3 or 4);
        int refused = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            Compare(whole[..i]);
            for (int to = 0; to < 256; to++)
            {
                if ((to & 7) is not (3 or 4)) Compare([.. whole[..i], (byte)to, .. whole[(i + 1)..]]);
            }
        }

        Assert.InRange(refused, 100, 256 * whole.Length / 2);

        void Compare(byte[] message)
        {
            (ulong, string, RegisterOutcome, long?, long?, bool?, bool?)? read = null, meant = null;
            bool left = false;
            try
            {
                left = !RefreshAnswer.TryRead(message, out RefreshAnswer answer);
                read = (answer.Flow, answer.UserName, answer.Outcome, answer.Page?.After, answer.Page?.Upto, answer.Page?.More, answer.Page?.Failed);
            }
            catch (InvalidDataException)
            {
                refused++;
            }

            if (left) return;
            try
            {
                Refreshed answer = Refreshed.Parser.ParseFrom(message);
                meant = (answer.Flow, answer.User, answer.Outcome, answer.Page?.After, answer.Page?.Upto, answer.Page?.More, answer.Page?.Failed);
            }
            catch (InvalidProtocolBufferException)
            {
                // refused
            }

            Assert.True(read == meant, $"{Convert.ToHexString(message)}: {read}, {meant}");
        }
    }
}
