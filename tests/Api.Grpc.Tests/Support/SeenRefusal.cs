using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Api.Grpc.Tests.Support;

/// <summary>A refusal as a client sees it, in whatever form it came.</summary>
public sealed record SeenRefusal(int Code, string Message, string Reason, string Domain, string Metadata, string? RetryDelay)
{
    public static async Task<SeenRefusal> FromJsonAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        JsonElement root = document.RootElement;
        Assert.Equal(["code", "message", "details"], root.EnumerateObject().Select(p => p.Name));
        JsonElement[] details = [.. root.GetProperty("details").EnumerateArray()];
        JsonElement info = details.Single(d => d.GetProperty("@type").GetString() == "type.googleapis.com/google.rpc.ErrorInfo");
        string? delay = details.Where(d => d.GetProperty("@type").GetString() == "type.googleapis.com/google.rpc.RetryInfo").Select(d => d.GetProperty("retryDelay").GetString()).SingleOrDefault();
        return new SeenRefusal(
            root.GetProperty("code").GetInt32(), root.GetProperty("message").GetString()!, info.GetProperty("reason").GetString()!, info.GetProperty("domain").GetString()!,
            Join(info.GetProperty("metadata").EnumerateObject().Select(m => (m.Name, m.Value.GetString()!))), delay);
    }

    public static SeenRefusal FromGrpc(RpcException refused)
    {
        Google.Rpc.Status status = refused.GetRpcStatus() ?? throw new InvalidOperationException($"No details: {refused.Status}");
        Assert.Equal((int)refused.StatusCode, status.Code);
        Assert.Equal(refused.Status.Detail, status.Message);
        ErrorInfo info = status.GetDetail<ErrorInfo>()!;
        Duration? delay = status.GetDetail<RetryInfo>()?.RetryDelay;
        return new SeenRefusal(status.Code, status.Message, info.Reason, info.Domain, Join(info.Metadata.Select(m => (m.Key, m.Value))), delay is null ? null : $"{delay.Seconds}s");
    }

    private static string Join(IEnumerable<(string Name, string Value)> metadata) =>
        metadata.OrderBy(m => m.Name, StringComparer.Ordinal).Aggregate(new StringBuilder(), (all, m) => all.Append(m.Name).Append('=').Append(m.Value).Append(' ')).ToString();
}
