using System.Diagnostics;
using Edge.Sip.Parsing;
using Microsoft.Extensions.Options;

namespace Edge.Sip.Tests.Parsing;

/// <summary>Answers, names and limits.</summary>
public sealed class SipFaultsTests
{
    [Fact]
    public void EveryFault_HasAnAnswerAndAName()
    {
        SipFault[] faults = [.. Enum.GetValues<SipFault>().Where(fault => fault != SipFault.None)];
        Assert.All(faults, fault => Assert.InRange(SipFaults.Status(fault), 400, 599));
        Assert.Equal(faults.Length, faults.Select(SipFaults.Tag).Distinct().Count());
        Assert.All(faults, fault => Assert.False(ReasonPhrases.Of(SipFaults.Status(fault)).IsEmpty));
    }

    [Fact]
    public void Status_NoneOrUnlisted_Throws()
    {
        Assert.Throws<UnreachableException>(() => SipFaults.Status(SipFault.None));
        Assert.Throws<UnreachableException>(() => SipFaults.Status((SipFault)999));
        Assert.Throws<UnreachableException>(() => SipFaults.Tag((SipFault)999));
    }

    [Theory]
    [InlineData(SipFault.RequestLineTooLong, 414, true)]
    [InlineData(SipFault.BodyTooLarge, 413, true)]
    [InlineData(SipFault.MissingContentLength, 400, true)]
    [InlineData(SipFault.BadLineEnd, 400, true)]
    [InlineData(SipFault.TooManyVias, 483, true)]
    [InlineData(SipFault.TooManyHeaders, 513, true)]
    [InlineData(SipFault.BadMethod, 400, false)]
    [InlineData(SipFault.UnsupportedVersion, 505, false)]
    [InlineData(SipFault.UnsupportedUriScheme, 416, false)]
    [InlineData(SipFault.UnsupportedExtension, 420, false)]
    public void Status_Fault_AnsweredAs(object fault, int status, bool ends)
    {
        Assert.Equal(status, SipFaults.Status((SipFault)fault));
        Assert.Equal(ends, SipFaults.EndsConnection((SipFault)fault));
    }

    [Fact]
    public void Of_StatusNotListed_NameOfItsClass()
    {
        Assert.True(ReasonPhrases.Of(299).SequenceEqual("Success"u8));
        Assert.True(ReasonPhrases.Of(699).SequenceEqual("Global Failure"u8));
        Assert.True(ReasonPhrases.Of(202).SequenceEqual("Accepted"u8));
    }

    [Fact]
    public void Validate_Defaults_Pass() => Assert.True(new SipLimitsValidator().Validate(null, new SipLimits()).Succeeded);

    [Fact]
    public void Validate_EverythingWrong_AllSaidAtOnce()
    {
        ValidateOptionsResult result = new SipLimitsValidator().Validate(null, new SipLimits
        {
            RequestLineBytes = 63,
            HeaderLineBytes = 255,
            Headers = 9,
            Vias = 0,
            HeaderBlockBytes = 511,
            BodyBytes = 599,
        });
        Assert.True(result.Failed);
        Assert.Equal(6, result.Failures!.Count());
    }
}
