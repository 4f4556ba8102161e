using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Edge.Admin.V1;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.Services;

/// <summary>The operators' API, by JSON and gRPC.</summary>
public sealed class AccountsServiceTests(RedisCore fixture) : IClassFixture<RedisCore>, IDisposable
{
    private readonly HttpClient _admin = fixture.Core.Client(fixture.Core.Admin, TestCore.Bearer());
    private readonly GrpcCalls _calls = fixture.Core.Calls(fixture.Core.Admin, TestCore.Bearer());

    public void Dispose()
    {
        _admin.Dispose();
        _calls.Dispose();
    }

    [Fact]
    [Spec("D.accounts", "B1")]
    public async Task Account_CreatedUpdatedDeleted_LogsInAccordingly()
    {
        JsonElement created = await JsonAsync(await _admin.PostAsJsonAsync("/v1/accounts", new { user = "henry", password = "first" }));
        Assert.Equal(("henry", "example.test"), (created.GetProperty("account").GetProperty("user").GetString(), created.GetProperty("account").GetProperty("domain").GetString()));
        Assert.DoesNotContain("first", created.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await LoginAsync("henry", "first"));

        using HttpResponseMessage patched = await _admin.PatchAsJsonAsync("/v1/accounts/henry", new { password = "second" });
        Assert.Equal(HttpStatusCode.OK, patched.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync("henry", "first"));
        Assert.Equal(HttpStatusCode.OK, await LoginAsync("henry", "second"));

        using HttpClient alice = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        string id = Guid.NewGuid().ToString();
        (await alice.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = "henry", text = "hi" })).EnsureSuccessStatusCode();
        DeleteAccountResponse deleted = await _calls.CallAsync<DeleteAccountRequest, DeleteAccountResponse>(GrpcCalls.Accounts, "DeleteAccount", new() { User = "henry" });
        Assert.Equal(1, deleted.EndedMessages);
        Assert.Equal("INVALID_RECIPIENT", (await alice.GetFromJsonAsync<JsonElement>($"/v1/messages/{id}")).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync("henry", "second"));
    }

    [Fact]
    public async Task Account_ExistsOrNot_RefusedAlike()
    {
        using HttpResponseMessage exists = await _admin.PostAsJsonAsync("/v1/accounts", new { user = "alice", password = "x" });
        Assert.Equal((HttpStatusCode.Conflict, "ACCOUNT_EXISTS"), (exists.StatusCode, (await SeenRefusal.FromJsonAsync(exists)).Reason));
        Assert.Equal(HttpStatusCode.OK, await LoginAsync("alice", RedisCore.PasswordOf("alice")));
        foreach (HttpRequestMessage request in new HttpRequestMessage[]
        {
            new(HttpMethod.Get, "/v1/accounts/nobody"),
            new(HttpMethod.Delete, "/v1/accounts/nobody"),
            new(HttpMethod.Patch, "/v1/accounts/nobody") { Content = JsonContent.Create(new { password = "x" }) },
        })
        {
            using HttpResponseMessage unknown = await _admin.SendAsync(request);
            Assert.Equal((HttpStatusCode.NotFound, "UNKNOWN_ACCOUNT"), (unknown.StatusCode, (await SeenRefusal.FromJsonAsync(unknown)).Reason));
        }

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => _calls.CallAsync<CreateAccountRequest, CreateAccountResponse>(GrpcCalls.Accounts, "CreateAccount", new() { User = "alice", Password = "x" }));
        Assert.Equal(StatusCode.AlreadyExists, refused.StatusCode);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("with space", "x")]
    [InlineData("user@example.test", "x")]
    [InlineData("ümlaut", "x")]
    [InlineData("nopassword", "")]
    [InlineData("control", "a\nb")]
    [InlineData("long", "257")]
    [Spec("D.accounts")]
    public async Task Create_OutsideTheRules_BadAccount(string user, string password)
    {
        if (password == "257") password = new string('p', 257);
        using HttpResponseMessage response = await _admin.PostAsJsonAsync("/v1/accounts", new { user, password });
        Assert.Equal((HttpStatusCode.BadRequest, "BAD_ACCOUNT"), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
    }

    [Fact]
    public async Task Update_UserInPathAndBody_UnknownKey()
    {
        using HttpResponseMessage response = await _admin.PatchAsJsonAsync("/v1/accounts/alice", new { user = "bob", password = "x" });
        Assert.Equal("UNKNOWN_KEY", (await SeenRefusal.FromJsonAsync(response)).Reason);
    }

    [Fact]
    public async Task List_AllPages_EveryAccountAtLeastOnce()
    {
        string[] users = [.. Enumerable.Range(0, 25).Select(i => $"listed-{i}")];
        await fixture.AddAccountsAsync(users);
        HashSet<string> seen = [];
        string token = string.Empty;
        do
        {
            JsonElement page = await _admin.GetFromJsonAsync<JsonElement>($"/v1/accounts?pageSize=10&pageToken={Uri.EscapeDataString(token)}");
            foreach (JsonElement account in page.GetProperty("accounts").EnumerateArray()) seen.Add(account.GetProperty("user").GetString()!);
            token = page.GetProperty("nextPageToken").GetString()!;
        }
        while (token.Length > 0);
        Assert.Superset(users.ToHashSet(), seen);
    }

    [Theory]
    [InlineData("pageSize=-1", "BAD_PAGE")]
    [InlineData("pageSize=1001", "BAD_PAGE")]
    [InlineData("pageToken=nonsense", "BAD_PAGE")]
    [InlineData("pageSize=ten", "MALFORMED")]
    [InlineData("pageSize=1&pageSize=2", "REPEATED_KEY")]
    [InlineData("pageSize=1&page_size=2", "REPEATED_KEY")]
    [InlineData("size=1", "UNKNOWN_KEY")]
    public async Task List_BadQuery_Refused(string query, string reason)
    {
        using HttpResponseMessage response = await _admin.GetAsync($"/v1/accounts?{query}");
        Assert.Equal((HttpStatusCode.BadRequest, reason), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
    }

    [Fact]
    [Spec("D.accounts")]
    public async Task Import_TwiceThenChanged_CountsAndFaultsByLine()
    {
        const string Csv = "ida,one\r\n\"jack\",\"a,\"\"b\"\"\"\r\nbad line\r\nkate,\r\nida,again\r\n";
        ImportAccountsResponse first = await ImportAsync(Csv);
        Assert.Equal((2, 0, 0), (first.Created, first.Updated, first.Unchanged));
        Assert.Equal([3, 4, 5], first.Faults.Select(f => f.Line));
        Assert.DoesNotContain(first.Faults, f => f.Problem.Contains("bad line", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, await LoginAsync("jack", "a,\"b\""));

        ImportAccountsResponse again = await ImportAsync(Csv);
        Assert.Equal((0, 0, 2), (again.Created, again.Updated, again.Unchanged));
        ImportAccountsResponse changed = await ImportAsync("ida,two\n");
        Assert.Equal((0, 1, 0), (changed.Created, changed.Updated, changed.Unchanged));
        Assert.Equal(HttpStatusCode.OK, await LoginAsync("ida", "two"));
    }

    [Fact]
    public async Task Import_ThousandsOfLinesByJson_Taken()
    {
        string csv = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"import-{i},password-{i}\n"));
        JsonElement answer = await JsonAsync(await _admin.PostAsJsonAsync("/v1/accounts:import", new { csv }));
        Assert.Equal(2_000, answer.GetProperty("created").GetInt32());
    }

    [Theory]
    [InlineData(10_001, 10, "IMPORT_TOO_LARGE", HttpStatusCode.BadRequest)]
    [InlineData(9_000, 240, "IMPORT_TOO_LARGE", HttpStatusCode.BadRequest)]
    [InlineData(10_000, 500, "BODY_TOO_LARGE", HttpStatusCode.RequestEntityTooLarge)]
    public async Task Import_TooMuch_RefusedWhole(int lines, int lineBytes, string reason, HttpStatusCode status)
    {
        string csv = string.Concat(Enumerable.Range(0, lines).Select(i => $"big{i},{new string('p', lineBytes - 8)}\n"));
        using HttpResponseMessage response = await _admin.PostAsJsonAsync("/v1/accounts:import", new { csv });
        Assert.Equal((status, reason), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.GetAsync("/v1/accounts/big0")).StatusCode);
    }

    private async Task<ImportAccountsResponse> ImportAsync(string csv) =>
        await _calls.CallAsync<ImportAccountsRequest, ImportAccountsResponse>(GrpcCalls.Accounts, "ImportAccounts", new() { Csv = csv });

    private async Task<HttpStatusCode> LoginAsync(string user, string password)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Basic(user, password));
        return (await client.GetAsync("/v1/limits")).StatusCode;
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        using (response)
        {
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }
    }
}
