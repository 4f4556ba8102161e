using Microsoft.Extensions.Options;

namespace Edge.Sip;

/// <summary>Checks that the id can stand in a certificate, a key and a log line.</summary>
internal sealed class EdgeOptionsValidator : IValidateOptions<EdgeOptions>
{
    public ValidateOptionsResult Validate(string? name, EdgeOptions options)
    {
        bool good = options.Id.Length is >= 1 and <= 63;
        foreach (char c in options.Id) good &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-';
        return good ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail("Edge:Id must be 1 to 63 of a-z, 0-9 and -: the common name of the link certificate");
    }
}
