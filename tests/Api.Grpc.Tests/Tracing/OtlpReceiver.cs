using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Api.Grpc.Tests.Tracing;

/// <summary>Takes what an OTLP exporter sends by HTTP and keeps the bytes.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly List<byte> _received = [];

    private OtlpReceiver(WebApplication app) => _app = app;

    public Uri Endpoint => new(_app.Urls.First() + "/v1/traces");

    /// <summary>Everything so far, a character a byte.</summary>
    public string Received
    {
        get
        {
            lock (_gate) return Encoding.Latin1.GetString([.. _received]);
        }
    }

    public static async Task<OtlpReceiver> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        OtlpReceiver receiver = new(app);
        app.MapPost("/v1/traces", receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Ids of the traces in which a span has this name: of each span's bytes, the trace's id stands first, then its own, then its name.</summary>
    public IReadOnlyList<string> TracesOf(string span)
    {
        string all = Received;
        List<string> traces = [];
        for (int at = all.IndexOf(span, StringComparison.Ordinal); at >= 0; at = all.IndexOf(span, at + 1, StringComparison.Ordinal))
        {
            int id = all.LastIndexOf("\n\u0010", at, StringComparison.Ordinal);   // field 1, 16 bytes
            if (id >= 0) traces.Add(Convert.ToHexStringLower(Encoding.Latin1.GetBytes(all.Substring(id + 2, 16))));
        }

        return traces;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        lock (_gate) _received.AddRange(body.ToArray());
    }
}
