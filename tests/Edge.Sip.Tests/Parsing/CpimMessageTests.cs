using System.Text;
using Edge.Sip.Parsing;
using Testing.Shared;

namespace Edge.Sip.Tests.Parsing;

/// <summary>RFC 3862 and what RFC 5438 adds to it, as clients write them.</summary>
[Spec("R.body")]
public sealed class CpimMessageTests
{
    private const string Linphone =
        "From: <sip:bob@example.test>\r\nTo: <sip:alice@example.test>\r\nDateTime: 2026-09-29T10:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
        + "imdn.Message-ID: 5GjI8B~cU\r\nimdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n\r\n"
        + "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 10\r\n\r\nciao 👋!";

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    public void Parse_AsClientsWriteIt_TextIdAndWishes(string lineEnd)
    {
        (SipFault fault, Seen seen) = Parse(Linphone.Replace("\r\n", lineEnd, StringComparison.Ordinal));
        Assert.Equal(SipFault.None, fault);
        Assert.Equal(new Seen("5GjI8B~cU", true, true, true, "text/plain;charset=UTF-8", "ciao 👋!"), seen);
    }

    [Theory]
    [InlineData("NS: x <urn:ietf:params:imdn>", "x.Message-ID: a", "a")]
    [InlineData("NS: <urn:ietf:params:imdn>", "Message-ID: a", "a")]
    [InlineData("NS: other <urn:x>", "imdn.message-id: a", "a")]             // undeclared: clients forget it
    [InlineData("NS: imdn <urn:x>", "imdn.Message-ID: a", "")]
    [InlineData("NS: x <urn:ietf:params:imdn>", "imdn.Message-ID: a", "")]
    [InlineData("NS: x <urn:ietf:params:imdn>", "x.Message-IDs: a", "")]
    [InlineData("NS: x <urn:ietf:params:imdn>", "Message-ID: a", "")]
    public void Parse_Namespace_PrefixAsDeclared(string declaration, string header, string id)
    {
        (SipFault fault, Seen seen) = Parse($"{declaration}\r\n{header}\r\n\r\nContent-Type: text/plain\r\n\r\nhi");
        Assert.Equal((SipFault.None, id), (fault, seen.Id));
    }

    [Theory]
    [InlineData("positive-delivery", true, false)]
    [InlineData("display,NEGATIVE-delivery;x=y", false, true)]
    [InlineData("display, processing", false, false)]
    [InlineData("positive-delivery-ish", false, false)]
    [InlineData("", false, false)]
    public void Parse_DispositionNotification_DeliveryOnly(string value, bool delivered, bool failed)
    {
        (SipFault fault, Seen seen) = Parse($"imdn.Message-ID: a\r\nimdn.Disposition-Notification: {value}\r\n\r\nContent-Type: text/plain\r\n\r\nhi");
        Assert.Equal((SipFault.None, delivered, failed), (fault, seen.WantsDelivered, seen.WantsFailed));
    }

    [Theory]
    [InlineData("Content-Type: text/plain\r\n\r\n\r\n hi\r\n", "text/plain", "\r\n hi\r\n")]   // no length: byte for byte to the end
    [InlineData("Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi\r\n", "text/plain", "hi")]
    [InlineData("Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n", "text/plain", "")]
    [InlineData("content-type:text/plain;\r\n\tcharset=utf-8\r\nContent-ID: <1@x>\r\n\r\nhi", "text/plain;\r\n\tcharset=utf-8", "hi")]
    public void Parse_Content_ByteForByte(string part, string type, string content)
    {
        (SipFault fault, Seen seen) = Parse($"Subject:;lang=en any words\r\n\r\n{part}");
        Assert.Equal((SipFault.None, true, type, content), (fault, seen.IsSupported, seen.ContentType, seen.Content));
    }

    [Theory]
    [InlineData("", "Content-Transfer-Encoding: base64", false)]
    [InlineData("", "Content-Transfer-Encoding: quoted-printable", false)]
    [InlineData("", "Content-Transfer-Encoding: 8BIT", true)]
    [InlineData("", "Content-Transfer-Encoding: identity", true)]
    [InlineData("", "Content-Encoding: gzip", false)]
    [InlineData("Require: imdn.Message-ID, imdn.Disposition-Notification\r\n", "X: y", true)]
    [InlineData("Require: MyFeatures.VitalMessageOption\r\n", "X: y", false)]
    public void Parse_WhatIsNotUndone_IsUnsupported(string header, string mime, bool supported)
    {
        (SipFault fault, Seen seen) = Parse($"{header}From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n{mime}\r\n\r\nhi");
        Assert.Equal((SipFault.None, supported), (fault, seen.IsSupported));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hi")]
    [InlineData("From: <sip:a@b>\r\n\r\n")]
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n")]                      // no blank line
    [InlineData("From: <sip:a@b>\r\nContent-Type: text/plain\r\n\r\nhi")]                    // one block only
    [InlineData("From: <sip:a@b>\r\n\r\nSubject: x\r\n\r\nhi")]                              // no type
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type:\r\n\r\nhi")]
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhi")]
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nhi")]
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nhi")]   // would be cut
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: -1\r\n\r\nhi")]
    [InlineData("From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: 99999999999999999999\r\n\r\nhi")]
    [InlineData("From <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]                 // no colon
    [InlineData(": x\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("From: a\r\n folded: b\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("NS: imdn\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("imdn.Message-ID: \r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("imdn.Message-ID: a b\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("imdn.Message-ID: a\0b\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("imdn.Message-ID: ä\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    [InlineData("imdn.Message-ID: a\r\nimdn.Message-ID: a\r\n\r\nContent-Type: text/plain\r\n\r\nhi")]
    public void Parse_Malformed_IsRefused(string body) => Assert.Equal(SipFault.BadCpim, Parse(body).Fault);

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void Parse_MessageId_255BytesAtMost(int length, bool good) => Assert.Equal(
        good ? SipFault.None : SipFault.BadCpim,
        Parse($"imdn.Message-ID: {new string('a', length)}\r\n\r\nContent-Type: text/plain\r\n\r\nhi").Fault);

    [Theory]
    [InlineData(63, true)]   // and Content-Type
    [InlineData(64, false)]
    public void Parse_Headers_64AtMost(int count, bool good) => Assert.Equal(
        good ? SipFault.None : SipFault.BadCpim,
        Parse($"{string.Concat(Enumerable.Repeat("X: y\r\n", count))}\r\nContent-Type: text/plain\r\n\r\nhi").Fault);

    /// <summary>Cut anywhere, with any byte in any place: never an exception, never a content that is not the body's end.</summary>
    [Fact]
    public void Parse_CutOrAltered_NeverThrows()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Linphone);
        int start = Linphone.IndexOf("ciao", StringComparison.Ordinal);
        for (int cut = 0; cut < whole.Length; cut++) Assert.Equal(SipFault.BadCpim, CpimMessage.Parse(whole.AsSpan(0, cut), out _));
        for (int at = 0; at < start; at++)
        {
            byte was = whole[at];
            for (int other = 0; other < 256; other++)
            {
                whole[at] = (byte)other;
                SipFault fault = CpimMessage.Parse(whole, out CpimMessage message);
                Assert.True(fault == SipFault.BadCpim || whole.AsSpan().EndsWith(message.Content), $"byte {other} at {at}");
            }

            whole[at] = was;
        }
    }

    private static (SipFault Fault, Seen Seen) Parse(string body)
    {
        SipFault fault = CpimMessage.Parse(Encoding.UTF8.GetBytes(body), out CpimMessage message);
        return (fault, new Seen(
            Encoding.UTF8.GetString(message.MessageId), message.WantsDelivered, message.WantsFailed, message.IsSupported,
            Encoding.UTF8.GetString(message.ContentType), Encoding.UTF8.GetString(message.Content)));
    }

    private sealed record Seen(string Id, bool WantsDelivered, bool WantsFailed, bool IsSupported, string ContentType, string Content);
}
