using System.Globalization;

namespace Core.Store.Operators;

/// <summary>A try to deliver that ended: in Redis "time TAB number TAB SIP status TAB edge".</summary>
/// <param name="Time">When it ended.</param>
/// <param name="Attempt">Its number since the last registration, from 1.</param>
/// <param name="SipStatus">What the device answered; 0: nothing, or the connection was lost.</param>
/// <param name="EdgeId">From where; empty for the try that ended the message.</param>
public sealed record DeliveryTry(DateTimeOffset Time, int Attempt, int SipStatus, string EdgeId)
{
    /// <summary>Kept of a message.</summary>
    internal const int MostKept = 50;

    internal static DeliveryTry? Parse(string? line)
    {
        string[] fields = line?.Split('\t') ?? [];
        return fields.Length == 4
            ? new DeliveryTry(DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(fields[0], CultureInfo.InvariantCulture)), Number(fields[1]), Number(fields[2]), fields[3])
            : null;
    }

    internal string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Time.ToUnixTimeMilliseconds()}\t{Attempt}\t{SipStatus}\t{EdgeId}");

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
