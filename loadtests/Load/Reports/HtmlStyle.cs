namespace Load.Reports;

/// <summary>How reports look.</summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root{color-scheme:light;--line:#d8dee4;--soft:#57606a}
        *{box-sizing:border-box}
        body{margin:0;background:#f6f8fa;color:#1f2328;font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        main{max-width:1320px;margin:0 auto;padding:20px}
        header{display:flex;gap:18px;align-items:center;padding:14px 20px;border-radius:8px;background:#fff;border:1px solid var(--line);border-left:8px solid}
        header>b{font-size:24px;letter-spacing:.02em}
        header.passed{border-left-color:#1a7f37}header.passed>b{color:#1a7f37}
        header.failed{border-left-color:#cf222e}header.failed>b{color:#cf222e}
        header.invalid{border-left-color:#9a6700}header.invalid>b{color:#9a6700}
        h1{font-size:19px;margin:0}h2{font-size:15px;margin:26px 0 8px}h3{font-size:12px;margin:0;color:var(--soft);font-weight:600}
        p{margin:2px 0}.small{font-size:12px;color:var(--soft)}
        .reasons{background:#fff8f0;border:1px solid #f0c9a0;border-radius:8px;margin:12px 0 0;padding:10px 10px 10px 30px}
        .cards{display:grid;grid-template-columns:repeat(8,1fr);gap:10px;margin:14px 0}
        .card{background:#fff;border:1px solid var(--line);border-radius:8px;padding:10px 12px}
        .card b{font-size:19px;white-space:nowrap}.card p{font-size:12px;color:var(--soft)}
        .card.good b{color:#1a7f37}.card.bad b{color:#cf222e}
        .plots{display:grid;grid-template-columns:1fr 1fr;gap:12px}
        .plot{margin:0;background:#fff;border:1px solid var(--line);border-radius:8px;padding:6px 8px 8px}
        svg{width:100%;height:auto;display:block;font:11px system-ui,"DejaVu Sans",sans-serif}
        svg text{fill:#57606a}svg .title{fill:#1f2328;font-size:13px;font-weight:600}svg .unit{fill:#57606a;font-weight:400;font-size:11px}
        svg .grid{stroke:#eaeef2}svg .border{stroke:#d0d7de;stroke-dasharray:3 3}svg .counts{fill:#f0f6ff}
        svg .y{text-anchor:end}svg .x{text-anchor:middle}svg .phase{text-anchor:middle;font-size:10px;fill:#8c959f}
        figcaption{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:12px;padding-left:46px}
        figcaption i{display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle}
        table{border-collapse:collapse;background:#fff;border:1px solid var(--line);font-variant-numeric:tabular-nums}
        th,td{padding:4px 12px;border-bottom:1px solid #eaeef2;text-align:right}th{color:var(--soft);font-weight:600}
        td:first-child,th:first-child{text-align:left}
        @media(max-width:1000px){.plots{grid-template-columns:1fr}.cards{grid-template-columns:repeat(4,1fr)}}
        """;
}
