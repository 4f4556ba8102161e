using System.Diagnostics;
using System.Globalization;
using Edge.Sip.Parsing;
using Edge.Sip.Tests.Parsing;

namespace Fuzz.Cost;

/// <summary>Time of framer, parser and answer for each hostile shape, twice as long again and again, far beyond the limits that a peer meets.</summary>
internal static class CostRun
{
    /// <summary>More than this for twice the bytes is not linear.</summary>
    private const double MostGrowth = 2.2;

    /// <summary>The same for one doubling alone, with room for what caches do to it; what is quadratic has 4.</summary>
    private const double MostGrowthOnce = 2.5;

    private const int Runs = 40;
    private const int Smallest = 16 * 1_024;
    private const int Largest = 512 * 1_024;

    private static readonly SipLimits NoLimits = new()
    {
        RequestLineBytes = int.MaxValue / 8,
        HeaderLineBytes = int.MaxValue / 8,
        HeaderBlockBytes = int.MaxValue / 8,
        BodyBytes = int.MaxValue / 8,
        Headers = int.MaxValue,
        Vias = int.MaxValue,
    };

    /// <returns>Whether every shape's time grows as its bytes.</returns>
    public static bool Go()
    {
        Console.WriteLine($"{"ns a byte at KiB",-22}{string.Concat(Sizes().Select(static size => $"{size / 1_024,8}"))}{"mean growth",13}{"most",8}");
        bool linear = true;
        foreach ((string name, Func<int, byte[]> make, bool byByte) in HostileShapes.All)
        {
            double[] seconds = [.. Sizes().Select(size => Fastest(make(size), byByte))];
            double[] growths = [.. seconds.Zip(seconds[1..], static (once, twice) => twice / once)];
            double mean = Math.Pow(seconds[^1] / seconds[0], 1.0 / growths.Length);
            linear &= mean <= MostGrowth && growths.Max() <= MostGrowthOnce;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-22}{string.Concat(seconds.Zip(Sizes(), static (time, size) => string.Create(CultureInfo.InvariantCulture, $"{time * 1e9 / size,8:F2}")))}{mean,13:F2}{growths.Max(),8:F2}"));
        }

        return linear;
    }

    private static IEnumerable<int> Sizes()
    {
        for (int size = Smallest; size <= Largest; size *= 2) yield return size;
    }

    /// <summary>Seconds of the fastest of many runs: the one that nothing else on the machine got in the way of.</summary>
    private static double Fastest(byte[] message, bool byByte)
    {
        double fastest = double.MaxValue;
        for (int i = 0; i < Runs; i++)
        {
            long began = Stopwatch.GetTimestamp();
            Frame(message, byByte);
            if (!byByte) MessageReader.ReadEverything(message);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return fastest;
    }

    private static void Frame(byte[] message, bool byByte)
    {
        SipFramer framer = new(NoLimits);
        int consumed = 0;
        for (int known = byByte ? 1 : message.Length; known <= message.Length; known++)
        {
            SipFrame frame;
            do
            {
                frame = framer.Next(message.AsSpan(consumed, known - consumed));
                if (frame.Kind == SipFrameKind.Fault) return;
                consumed += frame.Consumed;
            }
            while (frame.Kind != SipFrameKind.NeedMore);
        }
    }
}
