using System.Globalization;
using System.Net;
using System.Text;

namespace Load.Reports;

/// <summary>One plot over time, as SVG: lines over the phases of the run, with a legend below.</summary>
internal sealed class Plot(string title, string unit, IReadOnlyList<PlotPhase> phases, double seconds)
{
    private const int Width = 620;
    private const int Height = 250;
    private const int Left = 52;
    private const int Right = 12;
    private const int Top = 34;
    private const int Bottom = 26;

    /// <summary>Told apart also by those who do not see all colours (Okabe and Ito), beginning with the strongest.</summary>
    private static readonly string[] Colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

    private readonly List<(string Name, IReadOnlyList<(double At, double Value)> Points)> _lines = [];

    /// <summary>Adds a line, broken where a value is none (NaN); one without any value above zero is named, so that its absence is no riddle.</summary>
    public Plot Line(string name, IEnumerable<(double At, double Value)> points)
    {
        _lines.Add((name, [.. points]));
        return this;
    }

    public string ToSvg()
    {
        StringBuilder svg = new();
        double top = Ceiling(_lines.SelectMany(static line => line.Points).Select(static point => point.Value).Where(static value => !double.IsNaN(value)).DefaultIfEmpty(0).Max());
        Append(svg, $"<figure class=\"plot\"><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">");
        Append(svg, $"<text x=\"{Left}\" y=\"17\" class=\"title\">{WebUtility.HtmlEncode(title)}<tspan class=\"unit\">  {WebUtility.HtmlEncode(unit)}</tspan></text>");
        Phases(svg);
        Axes(svg, top);
        for (int i = 0; i < _lines.Count; i++)
        {
            foreach (List<(double At, double Value)> piece in Pieces(_lines[i].Points))
            {
                string points = string.Join(' ', piece.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.At):0.#},{Y(point.Value, top):0.#}")));
                if (piece.Count == 1) Append(svg, $"<circle cx=\"{X(piece[0].At):0.#}\" cy=\"{Y(piece[0].Value, top):0.#}\" r=\"1.6\" fill=\"{Colors[i % Colors.Length]}\"/>");
                else Append(svg, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{Colors[i % Colors.Length]}\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>");
            }
        }

        svg.Append("</svg><figcaption>");
        for (int i = 0; i < _lines.Count; i++) Append(svg, $"<span><i style=\"background:{Colors[i % Colors.Length]}\"></i>{WebUtility.HtmlEncode(_lines[i].Name)}</span>");
        return svg.Append("</figcaption></figure>").ToString();
    }

    /// <summary>The parts of a line between its gaps.</summary>
    private static IEnumerable<List<(double At, double Value)>> Pieces(IReadOnlyList<(double At, double Value)> points)
    {
        List<(double At, double Value)> piece = [];
        foreach ((double At, double Value) point in points)
        {
            if (!double.IsNaN(point.Value))
            {
                piece.Add(point);
                continue;
            }

            if (piece.Count > 0) yield return piece;
            piece = [];
        }

        if (piece.Count > 0) yield return piece;
    }

    private void Phases(StringBuilder svg)
    {
        foreach (PlotPhase phase in phases)
        {
            double from = X(phase.From), to = X(Math.Min(phase.To, seconds));
            if (phase.Counts) Append(svg, $"<rect x=\"{from:0.#}\" y=\"{Top}\" width=\"{Math.Max(0, to - from):0.#}\" height=\"{Height - Top - Bottom}\" class=\"counts\"/>");
            if (to - from > 6.2 * phase.Name.Length) Append(svg, $"<text x=\"{(from + to) / 2:0.#}\" y=\"{Top + 11}\" class=\"phase\">{WebUtility.HtmlEncode(phase.Name)}</text>");
            if (from > Left) Append(svg, $"<line x1=\"{from:0.#}\" y1=\"{Top}\" x2=\"{from:0.#}\" y2=\"{Height - Bottom}\" class=\"border\"/>");
        }
    }

    private void Axes(StringBuilder svg, double top)
    {
        const int Steps = 4;
        for (int i = 0; i <= Steps; i++)
        {
            double value = top * i / Steps;
            Append(svg, $"<line x1=\"{Left}\" y1=\"{Y(value, top):0.#}\" x2=\"{Width - Right}\" y2=\"{Y(value, top):0.#}\" class=\"grid\"/>");
            Append(svg, $"<text x=\"{Left - 6}\" y=\"{Y(value, top) + 3.5:0.#}\" class=\"y\">{value.ToString("0.###", CultureInfo.InvariantCulture)}</text>");
        }

        double step = Ceiling(seconds / 6);
        for (double at = 0; at <= seconds; at += step) Append(svg, $"<text x=\"{X(at):0.#}\" y=\"{Height - 8}\" class=\"x\">{at:0.#} s</text>");
    }

    private double X(double at) => Left + ((Width - Left - Right) * Math.Clamp(at / Math.Max(seconds, 1e-9), 0, 1));

    private static double Y(double value, double top) => Height - Bottom - ((Height - Top - Bottom) * value / top);

    /// <summary>The next of 1, 2, 4, 5, 8 times a power of ten: quarters of it are short numbers.</summary>
    private static double Ceiling(double most)
    {
        if (most <= 0) return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        foreach (double factor in (double[])[1, 2, 4, 5, 8])
        {
            if (most <= factor * power * 1.0000001) return factor * power;
        }

        return 10 * power;
    }

    private static void Append(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
}

/// <summary>A phase behind the lines.</summary>
/// <param name="Counts">The measured time.</param>
internal sealed record PlotPhase(string Name, double From, double To, bool Counts);
