using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Edge.Messages.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Load.Scenarios;

namespace Load.Engine;

/// <summary>The HTTP/2 connections that POST and gRPC share: one handler a connection, used in turn, or one for each sender.</summary>
internal sealed class HttpPool : IDisposable
{
    private readonly HttpPlan _plan;
    private readonly Uri _api;
    private readonly X509ChainPolicy? _trust;
    private readonly X509Certificate2Collection _authorities = [];
    private readonly Link[] _shared;
    private readonly ConcurrentDictionary<int, Link> _own = new();
    private int _turn;

    /// <param name="authorityFile">PEM; null: those that the system trusts.</param>
    public HttpPool(HttpPlan plan, Uri api, string? authorityFile)
    {
        (_plan, _api) = (plan, api);
        if (authorityFile is not null)
        {
            _authorities.ImportFromPemFile(authorityFile);
            _trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            _trust.CustomTrustStore.AddRange(_authorities);
        }

        _shared = plan.ConnectionPerSender ? [] : [.. Enumerable.Range(0, plan.Connections).Select(_ => new Link(this))];
    }

    /// <summary>Hands over a text, with as many tries as the plan allows, all under one id.</summary>
    public async Task<HandOver> SendAsync(Way way, int sender, string credentials, Guid id, string recipient, ReadOnlyMemory<byte> text)
    {
        Link link = _plan.ConnectionPerSender ? _own.GetOrAdd(sender, static (_, pool) => new Link(pool), this) : _shared[(uint)Interlocked.Increment(ref _turn) % _shared.Length];
        for (int tries = 1; ; tries++)
        {
            HandOver result = way == Way.Post ? await PostAsync(link, credentials, id, recipient, text) : await CallAsync(link, credentials, id, recipient, text);
            if (result.Accepted || !result.MayRepeat || tries >= _plan.Tries) return result;
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(12, 1 << tries)));
        }
    }

    /// <summary>How long the server keeps a message; null if its API does not answer.</summary>
    public async Task<TimeSpan?> ReadValidityAsync(string credentials)
    {
        using HttpClient client = new(NewHandler());
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_api, "/v1/limits")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        client.Timeout = TimeSpan.FromSeconds(10);
        using HttpResponseMessage response = await client.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK) return null;
        using JsonDocument limits = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        string? validity = limits.RootElement.TryGetProperty("validity", out JsonElement value) ? value.GetString() : null;   // "259200s"
        return validity is not null && double.TryParse(validity.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture, out double seconds) ? TimeSpan.FromSeconds(seconds) : null;
    }

    public void Dispose()
    {
        foreach (Link link in _shared.Concat(_own.Values)) link.Dispose();
        foreach (X509Certificate2 authority in _authorities) authority.Dispose();
    }

    private SocketsHttpHandler NewHandler() => new()
    {
        MaxConnectionsPerServer = 1,
        EnableMultipleHttp2Connections = false,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = _trust },
    };

    private async Task<HandOver> PostAsync(Link link, string credentials, Guid id, string recipient, ReadOnlyMemory<byte> text)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, link.Messages) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        request.Content = Body(id, recipient, text.Span);
        using CancellationTokenSource deadline = new(_plan.Timeout);
        try
        {
            using HttpResponseMessage response = await link.Client.SendAsync(request, deadline.Token).ConfigureAwait(false);
            _ = await response.Content.ReadAsByteArrayAsync(deadline.Token).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? new HandOver(true, null, false)
                : new HandOver(false, $"POST {(int)response.StatusCode}", response.StatusCode == HttpStatusCode.ServiceUnavailable);
        }
        catch (OperationCanceledException)
        {
            return new HandOver(false, "POST no answer", true) { Unknown = true };
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return new HandOver(false, "POST connection broken", true) { Unknown = true };
        }
    }

    private async Task<HandOver> CallAsync(Link link, string credentials, Guid id, string recipient, ReadOnlyMemory<byte> text)
    {
        SendMessageRequest request = new() { MessageId = id.ToString(), Recipient = recipient, Text = Encoding.UTF8.GetString(text.Span) };
        try
        {
            await link.Stub.SendMessageAsync(request, new Metadata { { "authorization", $"Basic {credentials}" } }, DateTime.UtcNow + _plan.Timeout).ConfigureAwait(false);
            return new HandOver(true, null, false);
        }
        catch (RpcException fault)
        {
            bool unknown = fault.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown;
            return new HandOver(false, $"gRPC {fault.StatusCode}", unknown || fault.StatusCode == StatusCode.Unavailable) { Unknown = unknown || fault.StatusCode == StatusCode.Unavailable };
        }
    }

    private static ByteArrayContent Body(Guid id, string recipient, ReadOnlySpan<byte> text)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("messageId"u8, id);
            json.WriteString("recipient"u8, recipient);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
        }

        ByteArrayContent content = new(buffer.WrittenSpan.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    /// <summary>One connection, and both ways to use it.</summary>
    private sealed class Link : IDisposable
    {
        private readonly GrpcChannel _channel;

        public Link(HttpPool pool)
        {
            SocketsHttpHandler handler = pool.NewHandler();
            Client = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
            // Given the handler itself, the channel would put its own balancing into it, which refuses requests that are not gRPC.
            _channel = GrpcChannel.ForAddress(pool._api, new GrpcChannelOptions { HttpClient = Client });
            Stub = new MessagesService.MessagesServiceClient(_channel);
            Messages = new Uri(pool._api, "/v1/messages");
        }

        public HttpClient Client { get; }

        public MessagesService.MessagesServiceClient Stub { get; }

        public Uri Messages { get; }

        public void Dispose()
        {
            _channel.Dispose();
            Client.Dispose();
        }
    }
}

/// <summary>What became of handing a text over by POST or gRPC.</summary>
/// <param name="Accepted">The server has taken it over.</param>
/// <param name="Reason">Why not; from a closed set.</param>
/// <param name="MayRepeat">The same again may succeed.</param>
internal sealed record HandOver(bool Accepted, string? Reason, bool MayRepeat)
{
    /// <summary>Nobody knows: no answer came.</summary>
    public bool Unknown { get; init; }
}
