using Load.Engine;
using Load.Ledger;
using Load.Scenarios;

namespace Load.Tests.Ledger;

/// <summary>What the ledger makes of sends, acceptances and deliveries; times are seconds of the test's own.</summary>
public sealed class MessageLedgerTests
{
    private static readonly Guid Other = Guid.NewGuid();
    private readonly MessageLedger _ledger = new(new LedgerRules(10, static index => $"u{index}", 0, 100 * Clock.Second, 3));

    [Fact]
    public void Message_AcceptedAndDelivered_IsClean()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Assert.Equal((1, 0), (_ledger.Outstanding, _ledger.Delivered));
        Assert.True(Deliver(message, 1, id, at: 3));
        _ledger.Close(Ns(50), static _ => 1);
        Assert.Equal((0, 1, true), (_ledger.Outstanding, _ledger.Delivered, _ledger.IsClean));
    }

    [Fact]
    public void Message_DeliveredBeforeItsAcceptanceIsKnown_IsClean()
    {
        int message = Begin(0, 1, sent: 1);
        Guid id = Guid.NewGuid();
        Assert.True(Deliver(message, 1, id, at: 2));
        Assert.Equal(1, _ledger.DeliveredUnaccepted);
        _ledger.Accept(message, id, Ns(3));
        Assert.Equal((0, 0, true), (_ledger.Outstanding, _ledger.DeliveredUnaccepted, _ledger.IsClean));
    }

    [Fact]
    public void Message_NeverDelivered_IsLost()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        _ledger.Close(Ns(50), static _ => 1);
        Finding finding = Assert.Single(_ledger.Findings);
        Assert.Equal((FindingKind.Lost, id, message, "u0", "u1", 2.0, (double?)null), (finding.Kind, finding.MessageId, finding.Sequence, finding.From, finding.To, finding.AcceptedAt, finding.DeliveredAt));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Message_NotAcceptedAndNotDelivered_IsNotLost(bool refused)
    {
        int message = Begin(0, 1, sent: 1);
        if (refused) _ledger.Refuse(message);
        else _ledger.GiveUp(message);
        _ledger.Close(Ns(50), static _ => 1);
        Assert.True(_ledger.IsClean);
    }

    [Fact]
    public void Message_GivenUpAndAcceptedAfterAll_Counts()
    {
        int message = Begin(0, 1, sent: 1);
        _ledger.GiveUp(message);
        _ledger.Accept(message, Guid.NewGuid(), Ns(40));
        Assert.Equal((0, 1, 1), (_ledger.Unknown, _ledger.Accepted, _ledger.Outstanding));
    }

    /// <summary>An acceptance that comes when nobody waits for it any more is one: what it promised is looked for.</summary>
    [Fact]
    public void Message_GivenUpAndRefusedAfterAll_IsRefusedOnce()
    {
        int message = Begin(0, 1, sent: 1);
        _ledger.GiveUp(message);
        _ledger.Refuse(message);
        Assert.Equal((0, 1), (_ledger.Unknown, _ledger.Refused));
    }

    /// <summary>What waits at the server for somebody who never came is not lost.</summary>
    [Fact]
    public void Message_ToSomebodyWhoIsNotThere_IsUndeliveredAndNoFinding()
    {
        Accepted(0, 1, sent: 1, accepted: 2, out _);
        _ledger.Close(Ns(50), static _ => 0);
        Assert.Equal((1, 0, true), (_ledger.Undelivered, _ledger.Expired, _ledger.IsClean));
    }

    /// <summary>Who was not there in time finds nothing: that is the service. Who was there all along and found nothing has lost it.</summary>
    [Theory]
    [InlineData(0, 1, 0)]      // never came
    [InlineData(150, 1, 0)]    // came when it was over
    [InlineData(5, 0, 1)]      // was there
    public void Message_ItsTimeIsOver_IsExpiredOnlyIfNobodyCameInTime(int since, int expired, int lost)
    {
        Accepted(0, 1, sent: 1, accepted: 2, out _);
        _ledger.Close(Ns(200), _ => Ns(since));
        Assert.Equal((expired, lost), (_ledger.Expired, _ledger.CountOf(FindingKind.Lost)));
    }

    [Fact]
    public void Message_UnderTwoIds_IsStoredTwice()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Deliver(message, 1, id, at: 3);
        Assert.False(Deliver(message, 1, Other, at: 4));
        Finding finding = Assert.Single(_ledger.Findings);
        Assert.Equal((FindingKind.StoredTwice, id, Other), (finding.Kind, finding.MessageId, finding.OtherId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Message_DeliveredUnderAnotherIdThanAccepted_IsStoredTwice(bool acceptedFirst)
    {
        int message = Begin(0, 1, sent: 1);
        if (acceptedFirst) _ledger.Accept(message, Guid.NewGuid(), Ns(2));
        Deliver(message, 1, Other, at: 3);
        if (!acceptedFirst) _ledger.Accept(message, Guid.NewGuid(), Ns(4));
        Assert.Equal((1, 1), (_ledger.CountOf(FindingKind.StoredTwice), _ledger.Findings.Count));
    }

    [Theory]
    [InlineData(1, 0, 1, 0)]     // the same connection: its first copy had been answered
    [InlineData(2, 10, 0, 1)]    // another one, and the first ended soon: its answer may be lost
    [InlineData(2, 90, 1, 0)]    // another one, long after
    public void Message_AgainUnderItsId_IsADuplicateUnlessTheAnswerMayBeLost(int generation, int ended, int duplicated, int redelivered)
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Deliver(message, 1, id, at: 3);
        Deliver(message, 1, id, at: 95, generation: generation, ended: ended);
        Assert.Equal((duplicated, redelivered), (_ledger.CountOf(FindingKind.Duplicated), _ledger.Redelivered));
    }

    /// <summary>The server had read the answer before the connection ended: nothing may be blamed on a lost one.</summary>
    [Fact]
    public void Message_AgainThoughItsAnswerWasRead_IsADuplicate()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Deliver(message, 1, id, at: 3);
        _ledger.Deliver(message, Copy(1, id, 6) with { Generation = 2, ConnectionEndedNs = Ns(5), AnswersReadNs = Ns(4) });
        Assert.Equal((1, 0), (_ledger.CountOf(FindingKind.Duplicated), _ledger.Redelivered));
    }

    [Fact]
    public void Messages_AcceptedOneAfterTheOther_MustComeInThatOrder()
    {
        int first = Accepted(0, 1, sent: 1, accepted: 2, out Guid firstId);
        int second = Accepted(2, 1, sent: 3, accepted: 4, out Guid secondId);
        Deliver(second, 1, secondId, at: 5);
        Deliver(first, 1, firstId, at: 6);
        Finding finding = Assert.Single(_ledger.Findings);
        Assert.Equal((FindingKind.OutOfOrder, firstId, secondId), (finding.Kind, finding.MessageId, finding.OtherId));
    }

    [Theory]
    [InlineData(1, 3, 2, 4, 1, 0)]   // under way at the same time: either may be first
    [InlineData(1, 2, 3, 4, 2, 0)]   // to another recipient
    [InlineData(1, 2, 3, 4, 1, 5)]   // a connection of the recipient ended in between: the first copy may have gone with it
    public void Messages_WhoseOrderNobodyCanKnow_AreNotJudged(int firstSent, int firstAccepted, int secondSent, int secondAccepted, int secondTo, int broken)
    {
        int first = Accepted(0, 1, firstSent, firstAccepted, out Guid firstId);
        int second = Accepted(3, secondTo, secondSent, secondAccepted, out Guid secondId);
        Deliver(second, secondTo, secondId, at: 6);
        Deliver(first, 1, firstId, at: 7, broken: broken);
        Assert.True(_ledger.IsClean);
    }

    [Theory]
    [InlineData(103, 0)]    // validity 100 s from the acceptance at 2 s, and two more for the way
    [InlineData(105, 1)]
    public void Message_DeliveredAfterItsValidity_IsFound(int at, int found)
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Deliver(message, 1, id, at);
        Assert.Equal(found, _ledger.CountOf(FindingKind.AfterExpiry));
    }

    [Fact]
    public void Message_ThatSaysItselfThatItIsOver_IsFound()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        _ledger.Deliver(message, Copy(1, id, 3) with { SecondsAfterExpiry = 3 });
        Assert.Equal(1, _ledger.CountOf(FindingKind.AfterExpiry));
    }

    [Fact]
    public void Message_ToAnotherUserOrWithAnotherText_IsFound()
    {
        int message = Accepted(0, 1, sent: 1, accepted: 2, out Guid id);
        Assert.False(Deliver(message, 7, id, at: 3));
        _ledger.Deliver(message, Copy(1, id, 4) with { TextIsRight = false });
        Assert.Equal((1, 1, 0), (_ledger.CountOf(FindingKind.Misdelivered), _ledger.CountOf(FindingKind.Altered), _ledger.Outstanding));
    }

    [Fact]
    public void Message_OfAnotherRun_IsCountedApart()
    {
        Assert.False(_ledger.Deliver(-1, Copy(1, Other, 3)));
        Assert.Equal((1, true), (_ledger.Foreign, _ledger.IsClean));
    }

    [Fact]
    public void Findings_BeyondTheMost_AreCountedAll()
    {
        for (int i = 0; i < 5; i++) Accepted(0, 1, sent: 1, accepted: 2, out _);
        _ledger.Close(Ns(50), static _ => 1);
        Assert.Equal((5, 3), (_ledger.CountOf(FindingKind.Lost), _ledger.Findings.Count));
    }

    [Fact]
    public void Recipients_AreThoseForWhomSomethingWaits()
    {
        Accepted(0, 4, sent: 1, accepted: 2, out _);
        int delivered = Accepted(0, 5, sent: 1, accepted: 2, out Guid id);
        Begin(0, 6, sent: 1);
        Deliver(delivered, 5, id, at: 3);
        Assert.Equal([4], _ledger.Recipients());
    }

    private static long Ns(double seconds) => (long)(seconds * Clock.Second);

    private int Begin(int from, int to, double sent) => _ledger.Begin(new LedgerEntry { Sender = from, Recipient = to, SentNs = Ns(sent), DueNs = Ns(sent), Way = Way.Sip });

    private int Accepted(int from, int to, double sent, double accepted, out Guid id)
    {
        int message = Begin(from, to, sent);
        id = Guid.NewGuid();
        _ledger.Accept(message, id, Ns(accepted));
        return message;
    }

    private bool Deliver(int message, int to, Guid id, double at, int generation = 1, int ended = 0, int broken = 0) =>
        _ledger.Deliver(message, Copy(to, id, at) with { Generation = generation, ConnectionEndedNs = Ns(ended), LastBrokenNs = Ns(broken) });

    private static ReceivedCopy Copy(int to, Guid id, double at) =>
        new() { Recipient = to, Generation = 1, Id = id, NowNs = Ns(at), TextIsRight = true, SecondsAfterExpiry = double.NegativeInfinity };
}
