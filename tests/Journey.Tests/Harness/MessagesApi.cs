using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Journey.Tests.Harness;

/// <summary>The public API over HTTPS as one account uses it.</summary>
internal sealed class MessagesApi(HttpClient http, int port, Account account)
{
    /// <summary>Sends a text.</summary>
    public Task<ApiAnswer> SendAsync(Guid id, string recipient, string text) =>
        PostAsync(JsonSerializer.Serialize(new { messageId = id, recipient, text }));

    /// <summary>Sends until the server answered at all, as a client with a queue does: the same id every time.</summary>
    public async Task<ApiAnswer> SendUntilAnsweredAsync(Guid id, string recipient, string text, TimeSpan deadline)
    {
        ApiAnswer? answer = null;
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    answer = await SendAsync(id, recipient, text);
                    return answer.Status != HttpStatusCode.ServiceUnavailable;
                }
                catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
                {
                    return false;   // the core is down: the sender cannot know what became of it
                }
            },
            deadline,
            "the core answers a POST");
        return answer!;
    }

    /// <summary>Sends a body as it is.</summary>
    public Task<ApiAnswer> PostAsync(string body, string contentType = "application/json", string? password = null) =>
        PostAsync(Encoding.UTF8.GetBytes(body), contentType, password);

    /// <summary>Sends bytes as they are.</summary>
    public async Task<ApiAnswer> PostAsync(byte[] body, string contentType = "application/json", string? password = null)
    {
        using HttpRequestMessage request = Request(HttpMethod.Post, "v1/messages", password);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return await AnswerAsync(request);
    }

    /// <summary>Asks for a message.</summary>
    public async Task<ApiAnswer> GetAsync(Guid id)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, $"v1/messages/{id}", null);
        return await AnswerAsync(request);
    }

    /// <summary>Waits until a message has a state.</summary>
    public Task UntilStateAsync(Guid id, string state, TimeSpan deadline) => Wait.UntilAsync(
        async () =>
        {
            try
            {
                ApiAnswer answer = await GetAsync(id);
                return answer.Status == HttpStatusCode.OK && answer.State == state;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        deadline,
        $"GET says {state}");

    private HttpRequestMessage Request(HttpMethod method, string path, string? password)
    {
        HttpRequestMessage request = new(method, $"https://localhost:{port}/{path}");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.User}:{password ?? account.Password}")));
        return request;
    }

    private async Task<ApiAnswer> AnswerAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage answer = await http.SendAsync(request);
        return new ApiAnswer(answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.WwwAuthenticate.ToString());
    }
}

/// <summary>An answer of the public API.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body, JSON.</param>
/// <param name="Challenge">WWW-Authenticate, empty without one.</param>
internal sealed record ApiAnswer(HttpStatusCode Status, string Body, string Challenge)
{
    /// <summary>The state in a message's answer.</summary>
    public string State => Field("state");

    /// <summary>A field at the top of the body.</summary>
    public string Field(string name)
    {
        using JsonDocument body = JsonDocument.Parse(Body);
        return body.RootElement.GetProperty(name).GetString()!;
    }
}
