using Api.Grpc.Accounts;

namespace Api.Grpc.Tests.Accounts;

/// <summary>RFC 4180 quoting, line numbers, and broken lines that do not stop the rest.</summary>
public sealed class CsvReaderTests
{
    [Theory]
    [InlineData("a,b", "1:a|b")]
    [InlineData("a,b\r\nc,d\n", "1:a|b 2:c|d")]
    [InlineData("\uFEFFa,b\n\n\r\nc,d", "1:a|b 4:c|d")]
    [InlineData("\"a\",\"b,c\"", "1:a|b,c")]
    [InlineData("\"a\"\"b\",c", "1:a\"b|c")]
    [InlineData("\"a\r\nb\",c\nd,e", "1:a\r\nb|c 3:d|e")]
    [InlineData("a,", "1:a|")]
    [InlineData("a", "1:a")]
    [InlineData("a,b,c", "1:a|b|c")]
    [InlineData("", "")]
    [InlineData("a\"b,c\nd,e", "1:! 2:d|e")]
    [InlineData("\"a\"b,c\nd,e", "1:! 2:d|e")]
    [InlineData("\"open,c\nd,e\nf,g", "1:! 2:d|e 3:f|g")]   // an open quote costs its own line alone
    public void Read_Csv_RecordsByLine(string csv, string expected) =>
        Assert.Equal(expected, string.Join(' ', CsvReader.Read(csv).Select(l => $"{l.Number}:{(l.Fields is null ? "!" : string.Join('|', l.Fields))}")));
}
