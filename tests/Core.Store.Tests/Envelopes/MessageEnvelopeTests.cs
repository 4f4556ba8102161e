using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Envelopes;

/// <summary>The sealed record (spec S9): opens for its mailbox and as it was written, else not.</summary>
public sealed class MessageEnvelopeTests : IDisposable
{
    private static readonly DateTimeOffset Accepted = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly int[] TextLengths = [1, 192, 193, 640, 641, 4_096];

    private readonly RingFolder _ring = new();
    private readonly KeyRing _keys;
    private readonly StoreNames _names;
    private readonly MessageEnvelope _envelopes;

    public MessageEnvelopeTests()
    {
        _keys = _ring.Open();
        _names = new StoreNames(_keys);
        _envelopes = new MessageEnvelope(_keys);
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("\U0001F468\u200D\U0001F469\u200D\U0001F467 здравствуйте \r\n ")]
    [Spec("S3", "S9")]
    public void Open_AsSealed_EverythingBack(string text)
    {
        NewMessage message = Message(text);
        Assert.Equal(EnvelopeState.Opened, _envelopes.TryOpen(Seal(message), Name("bob"), out OpenedEnvelope opened));
        Assert.Equal((message.Sender, message.MessageId, Accepted, Accepted.AddHours(72)), (opened.Sender, opened.MessageId, opened.Accepted, opened.Expires));
        Assert.Equal(message.Text.ToArray(), opened.Text);
    }

    [Fact]   // version, key id, salt, id, times, sender, text, tag: not one bit may change, of a hundred records
    [Spec("S9")]
    public void Open_AnyBitFlipped_DoesNotOpen()
    {
        int opened = 0;
        Parallel.For(0, 100, n =>
        {
            byte[] record = Seal(Message($"hello {n}"));
            for (int bit = 0; bit < record.Length * 8; bit++)
            {
                record[bit / 8] ^= (byte)(1 << (bit % 8));
                if (_envelopes.TryOpen(record, Name("bob"), out _) == EnvelopeState.Opened) Interlocked.Increment(ref opened);
                record[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            if (_envelopes.TryOpen(record, Name("bob"), out _) != EnvelopeState.Opened) Interlocked.Increment(ref opened);
        });
        Assert.Equal(0, opened);
    }

    [Fact]   // of two messages between the same two people: neither's text under the other's head, nor behind its own
    [Spec("S9")]
    public void Open_BodiesSwappedOrExtended_Rejected()
    {
        byte[] one = Seal(Message("hello")), two = Seal(Message("goodbye"));
        const int Head = MessageEnvelope.HeaderBytes;
        foreach (byte[] forged in (byte[][])[[.. one[..Head], .. two[Head..]], [.. two[..Head], .. one[Head..]], [.. one, 0], [.. one, .. two], [.. one, .. one[Head..]], [.. one[..Head], .. new byte[one.Length - Head]]])
        {
            Assert.Equal(EnvelopeState.Rejected, _envelopes.TryOpen(forged, Name("bob"), out _));
        }
    }

    [Fact]
    [Spec("S9")]
    public void Open_InAnotherMailbox_Rejected() =>
        Assert.Equal(EnvelopeState.Rejected, _envelopes.TryOpen(Seal(Message("hello")), Name("carol"), out _));

    [Fact]
    public void Open_CutShort_Rejected()
    {
        byte[] record = Seal(Message("hello"));
        for (int length = 0; length < record.Length; length++)
            Assert.Equal(EnvelopeState.Rejected, _envelopes.TryOpen(record.AsSpan(0, length), Name("bob"), out _));
    }

    [Fact]
    [Spec("S9")]
    public void Open_WithAnotherRing_DoesNotOpen()
    {
        using RingFolder other = new();
        Assert.Equal(EnvelopeState.Rejected, new MessageEnvelope(other.Open()).TryOpen(Seal(Message("hello")), Name("bob"), out _));
    }

    [Fact]   // three sizes are all that a length tells
    [Spec("S9")]
    public void Seal_AnyText_OneOfThreeSizes()
    {
        int[] sizes = [.. TextLengths.Select(n =>
        {
            byte[] record = Seal(Message(new string('a', n)));
            Assert.Equal(EnvelopeState.Opened, _envelopes.TryOpen(record, Name("bob"), out OpenedEnvelope opened));
            Assert.Equal(n, opened.Text.Length);
            return record.Length;
        })];
        Assert.Equal(348 + "example.test".Length, sizes[0]);
        Assert.Equal((sizes[0], sizes[2], sizes[4]), (sizes[1], sizes[3], sizes[5]));
        Assert.Equal(MessageEnvelope.MediumText - MessageEnvelope.SmallText, sizes[2] - sizes[1]);
        Assert.Equal(MessageEnvelope.LargeText - MessageEnvelope.MediumText, sizes[4] - sizes[3]);
        Assert.Equal(sizes[0], Seal(Message("a", sender: new string('x', 64))).Length);
    }

    [Fact]   // as all short texts were sealed before there was a class of 192
    [Spec("S9")]
    public void Open_ShortTextWithMoreZeros_Opens()
    {
        byte[] sealedNow = Seal(Message("hello")), header = sealedNow[..MessageEnvelope.HeaderBytes], context = [.. header, .. Name("bob").Handle];
        ReadOnlySpan<byte> salt = header.AsSpan(5, EnvelopeCipher.SaltBytes);
        RingKey key = _keys.Current(KeyPurpose.Message);
        byte[] plain = new byte[sealedNow.Length - header.Length - EnvelopeCipher.TagBytes];
        Assert.True(EnvelopeCipher.TryOpen(key, KeyPurpose.Message, salt, context, sealedNow.AsSpan(header.Length), plain));
        byte[] longer = [.. plain, .. new byte[MessageEnvelope.MediumText - MessageEnvelope.SmallText]];
        byte[] record = [.. header, .. new byte[longer.Length + EnvelopeCipher.TagBytes]];
        EnvelopeCipher.Seal(key, KeyPurpose.Message, salt, context, longer, record.AsSpan(header.Length));

        Assert.Equal(EnvelopeState.Opened, _envelopes.TryOpen(record, Name("bob"), out OpenedEnvelope opened));
        Assert.Equal("hello"u8.ToArray(), opened.Text);
    }

    [Fact]   // a key and a nonce for each: the same message twice has nothing in common behind its salt
    [Spec("S9")]
    public void Seal_Twice_DifferentBytes()
    {
        NewMessage message = Message("hello");
        byte[] one = Seal(message), two = Seal(message);
        Assert.False(one.AsSpan(5, 16).SequenceEqual(two.AsSpan(5, 16)));
        int equal = one.Skip(MessageEnvelope.HeaderBytes).Zip(two.Skip(MessageEnvelope.HeaderBytes)).Count(pair => pair.First == pair.Second);
        Assert.InRange(equal, 0, 20);   // of 288 random bytes about 1
    }

    [Fact]
    [Spec("S9", "S13")]
    public void Seal_Record_HoldsNoTextAndNoAddress()
    {
        byte[] record = Seal(Message("canary-canary"));
        Assert.Equal(-1, record.AsSpan().IndexOf("canary"u8));
        Assert.Equal(-1, record.AsSpan().IndexOf("alice"u8));
        Assert.Equal(-1, record.AsSpan().IndexOf("example"u8));
    }

    [Fact]
    public void Names_OfMessage_FitTheMember() => Assert.Equal(51, MailboxMember.Bytes);

    public void Dispose() => _ring.Dispose();

    private byte[] Seal(NewMessage message) => _envelopes.Seal(message, _names.Account(message.Sender), _names.Account(message.Recipient), Accepted, Accepted.AddHours(72), MemberFlags.None);

    private AccountName Name(string user) => _names.Account(Address(user));

    private static NewMessage Message(string text, string sender = "alice") => new(Address(sender), Guid.NewGuid(), Address("bob"), Encoding.UTF8.GetBytes(text));

    private static AccountAddress Address(string user)
    {
        Assert.True(AccountAddress.TryCreate(user, "example.test", out AccountAddress address));
        return address;
    }
}
