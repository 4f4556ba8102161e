using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Journey.Tests.Harness;
using Journey.Tests.Identity;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Plays every row of docs/identity.md against the running system: what the document says of who is believed is what happens.</summary>
public class IdentityTests(JourneySystem system)
{
    private const string Text = "who says so?";

    public static TheoryData<string> Registers => IdentityRow.Of("REGISTER");

    public static TheoryData<string> Messages => IdentityRow.Of("SIP MESSAGE");

    public static TheoryData<string> Posts => IdentityRow.Of("HTTPS POST");

    public static TheoryData<string> Sends => IdentityRow.Of("gRPC SendMessage");

    [Fact]
    public void Document_EveryRow_IsInATableThatIsPlayed() =>
        Assert.Equal(IdentityRow.InAll, Registers.Count + Messages.Count + Posts.Count + Sends.Count);

    [Theory, MemberData(nameof(Registers))]
    [Spec("S11", "E.from", "E.credentials", "N.registration", "R.digest")]
    public async Task Register_RowOfTheDocument_IsAnsweredAndBindsAsItSays(string line)
    {
        IdentityRow row = new("REGISTER", line);
        await using Cast cast = await Cast.StartAsync(system, "mallory", "alice");
        await using SipActor actor = await SipActor.StartAsync(system, cast, row["connection"]);

        SipText answer = await actor.RegisterAsync(row["way"], row["From"], row["To"], row["digest"], row["Contact"], row["also"]);

        Assert.Equal(row["status"], $"{answer.Status}");
        string[] here = row["bound here"].Split(", ");
        foreach (string name in (string[])["mallory", "alice"])
        {
            bool isHere = here.Contains(name);
            await cast.ReachedAtAsync(name, isHere ? actor.Client : cast.Phone(name), isHere ? cast.Phone(name) : actor.Client);
        }
    }

    [Theory, MemberData(nameof(Messages))]
    [Spec("S11", "E.from", "E.credentials", "N.registration", "R.from-to")]
    public async Task Message_RowOfTheDocument_IsAnsweredAndComesFromWhomItSays(string line)
    {
        IdentityRow row = new("SIP MESSAGE", line);
        await using Cast cast = await Cast.StartAsync(system, "bob");
        await using SipActor actor = await SipActor.StartAsync(system, cast, row["connection"]);

        SipText answer = await actor.MessageAsync(row["way"], row["From"], row["To"], row["also"], Text);

        Assert.Equal(row["status"], $"{answer.Status}");
        if (row.Has("sender")) await cast.DeliveredAsync(Guid.Parse(answer["X-Edge-Message-Id"]), Text, row["sender"]);
        else await cast.NothingStoredAsync();
    }

    [Theory, MemberData(nameof(Posts))]
    [Spec("S11", "E.credentials", "E.malformed")]
    public async Task Post_RowOfTheDocument_IsAnsweredAndComesFromWhomItSays(string line)
    {
        IdentityRow row = new("HTTPS POST", line);
        await using Cast cast = await Cast.StartAsync(system, "bob");
        Guid id = Guid.NewGuid();
        string body = JsonSerializer.Serialize(new { messageId = id, recipient = cast["bob"].User, text = Text });
        if (row.Has("in the body")) body = $"{body[..^1]},{cast.Real(row["in the body"])}}}";
        string query = row.Has("query") ? $"?{cast.Real(row["query"])}" : string.Empty;
        using HttpClient http = system.NewHttpClient();
        using HttpRequestMessage request = new(HttpMethod.Post, $"https://localhost:{system.ApiPort}/v1/messages{query}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach ((string name, string value) in Headers(cast, row["credentials"], row["headers"])) Assert.True(request.Headers.TryAddWithoutValidation(name, value));

        using HttpResponseMessage answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(row["status"], $"{(int)answer.StatusCode}");
        if (row.Has("sender")) await cast.DeliveredAsync(id, Text, row["sender"]);
        else await cast.NothingStoredAsync();
    }

    [Theory, MemberData(nameof(Sends))]
    [Spec("S11", "E.credentials")]
    public async Task GrpcSend_RowOfTheDocument_IsAnsweredAndComesFromWhomItSays(string line)
    {
        IdentityRow row = new("gRPC SendMessage", line);
        await using Cast cast = await Cast.StartAsync(system, "bob");
        Guid id = Guid.NewGuid();
        (int, string)? extra = cast.Real(row["field"]).Split(": ") is [string number, string value] ? (int.Parse(number, CultureInfo.InvariantCulture), value) : null;
        using HttpClient http = system.NewHttpClient();

        string status = await GrpcSend.SendAsync(http, system.ApiPort, id, cast["bob"].User, Text, extra, Headers(cast, row["credentials"], row["metadata"]));

        Assert.Equal(row["status"], status);
        if (row.Has("sender")) await cast.DeliveredAsync(id, Text, row["sender"]);
        else await cast.NothingStoredAsync();
    }

    /// <summary>A message id is the sender's own: somebody else's neither takes a message over nor says that there is one.</summary>
    [Fact]
    [Spec("S11", "D.one-id")]
    public async Task Post_IdOfAnotherAccountsMessage_IsAMessageOfItsOwn()
    {
        await using Cast cast = await Cast.StartAsync(system, "bob");
        Guid id = Guid.NewGuid();

        Assert.Equal(HttpStatusCode.OK, (await system.Api(cast["alice"]).SendAsync(id, cast["bob"].User, "of alice")).Status);
        Assert.Equal(HttpStatusCode.OK, (await system.Api(cast["mallory"]).SendAsync(id, cast["bob"].User, "of mallory")).Status);

        IReadOnlyList<SipText> messages = await cast.Phone("bob").ReceiveAsync(2);
        foreach ((SipText message, string sender) in messages.Zip((string[])["alice", "mallory"]))
        {
            Assert.Equal($"of {sender}", message.Text);
            Assert.StartsWith($"<sip:{cast[sender].User}@", message["From"], StringComparison.Ordinal);
        }
    }

    /// <summary>Nor does a client that knows Call-ID, From tag and CSeq of another's MESSAGE repeat that one by sending the same.</summary>
    [Fact]
    [Spec("S11", "D.one-id")]
    public async Task Message_CallIdTagAndCSeqOfAnotherAccounts_IsAMessageOfItsOwn()
    {
        await using Cast cast = await Cast.StartAsync(system, "bob", "alice", "mallory");
        string text = cast.Phone("alice").MessageText(cast["bob"].User, "the same words");

        SipText first = await cast.Phone("alice").RequestAsync(text);
        SipText second = await cast.Phone("mallory").RequestAsync(text.Replace(cast["alice"].User, cast["mallory"].User, StringComparison.Ordinal));

        Assert.Equal((202, 202), (first.Status, second.Status));
        await cast.DeliveredAsync(Guid.Parse(first["X-Edge-Message-Id"]), "the same words", "alice");
        await cast.DeliveredAsync(Guid.Parse(second["X-Edge-Message-Id"]), "the same words", "mallory");
    }

    private static IEnumerable<(string Name, string Value)> Headers(Cast cast, string credentials, string cell)
    {
        foreach (string value in cast.Basic(credentials)) yield return ("authorization", value);
        if (cast.Real(cell).Split(": ", 2) is [string name, string said]) yield return (name, said);
    }
}

/// <summary>The same over the portable transport.</summary>
public sealed class IdentityOnPortableTests(PortableSystem system) : IdentityTests(system), IClassFixture<PortableSystem>;
