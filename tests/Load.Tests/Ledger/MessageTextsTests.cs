using System.Globalization;
using System.Text;
using Load.Ledger;
using Load.Scenarios;

namespace Load.Tests.Ledger;

/// <summary>The texts of a run.</summary>
public sealed class MessageTextsTests
{
    private readonly MessageTexts _texts = new(0xC0FFEE);
    private readonly byte[] _buffer = new byte[MessageTexts.MostBytes];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_AnyNumberAndLength_HasThatManyCharactersAndItsNumber(bool mixed)
    {
        HashSet<string> all = [];
        foreach (int characters in (int[])[40, 100, 160])
        {
            for (int sequence = 0; sequence < 40; sequence++)
            {
                ReadOnlySpan<byte> text = _buffer.AsSpan(0, _texts.Write(_buffer, sequence, characters, mixed ? Script.Mixed : Script.Latin));
                Assert.Equal((sequence, characters), (_texts.ReadSequence(text), new StringInfo(Encoding.UTF8.GetString(text)).LengthInTextElements));
                all.Add(Encoding.UTF8.GetString(text));
            }
        }

        Assert.Equal(120, all.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello, this is somebody else's text")]
    [InlineData("#00c0ffee-00000x0001 the quick brown fox")]
    [InlineData("#00c0ffef-0000000001 the quick brown fox")]
    public void ReadSequence_OfAnotherRunsText_IsNone(string text) => Assert.Equal(-1, _texts.ReadSequence(Encoding.UTF8.GetBytes(text)));
}
