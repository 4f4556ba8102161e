using System.Net;
using System.Text;
using System.Text.Json;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Bad input by HTTPS: each gets the answer of docs/errors.md, nothing is stored, the process stays up.</summary>
public sealed class PostInputTests(JourneySystem system)
{
    /// <summary>Body, status: <c>BOB</c> stands for a recipient that exists, <c>ID</c> for a fresh id.</summary>
    public static TheoryData<string, string, int> Refused => new()
    {
        { "161 characters (S2)", $$"""{"messageId":"ID","recipient":"BOB","text":"{{new string('x', 161)}}"}""", 400 },
        { "over 4,096 bytes (S2)", $$"""{"messageId":"ID","recipient":"BOB","text":"{{string.Concat(Enumerable.Repeat("👨‍👩‍👧‍👦", 159))}}{{new string('\u0301', 400)}}"}""", 400 },
        { "empty text (S2)", """{"messageId":"ID","recipient":"BOB","text":""}""", 400 },
        { "no text (S2)", """{"messageId":"ID","recipient":"BOB"}""", 400 },
        { "blank text (S2)", """{"messageId":"ID","recipient":"BOB","text":" \t\n "}""", 400 },
        { "NUL (S2)", """{"messageId":"ID","recipient":"BOB","text":"a\u0000b"}""", 400 },
        { "lone surrogate (S2)", """{"messageId":"ID","recipient":"BOB","text":"\ud83d"}""", 400 },
        { "two recipients (S4)", """{"messageId":"ID","recipient":"BOB,BOB","text":"hi"}""", 400 },
        { "a list of recipients (S4)", """{"messageId":"ID","recipient":["BOB","BOB"],"text":"hi"}""", 400 },
        { "no recipient (S4)", """{"messageId":"ID","recipient":"","text":"hi"}""", 400 },
        { "unknown recipient", """{"messageId":"ID","recipient":"nobody-at-all","text":"hi"}""", 404 },
        { "unknown domain", """{"messageId":"ID","recipient":"BOB@elsewhere.test","text":"hi"}""", 404 },
        { "no id", """{"recipient":"BOB","text":"hi"}""", 400 },
        { "id that is no UUID", """{"messageId":"17","recipient":"BOB","text":"hi"}""", 400 },
        { "malformed JSON", """{"messageId":"ID","recipient":"BOB","text":"hi" """, 400 },
        { "not an object", """["ID","BOB","hi"]""", 400 },
        { "repeated key", """{"messageId":"ID","recipient":"BOB","text":"hi","text":"ho"}""", 400 },
        { "unknown key", """{"messageId":"ID","recipient":"BOB","text":"hi","priority":1}""", 400 },
        { "body over 16 KiB", $$"""{"messageId":"ID","recipient":"BOB","text":"{{new string('x', 17_000)}}"}""", 413 },
    };

    [Theory, MemberData(nameof(Refused))]
    [Spec("S2", "S4", "E.body-size", "E.malformed", "E.text", "E.unknown")]
    public async Task Post_BadBody_RefusedAndNothingStored(string what, string body, int status)
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Guid id = Guid.NewGuid();

        ApiAnswer answer = await system.Api(alice).PostAsync(body.Replace("BOB", bob.User, StringComparison.Ordinal).Replace("ID", $"{id}", StringComparison.Ordinal));

        Assert.True((int)answer.Status == status, $"{what}: {answer.Status} {answer.Body}");
        Assert.Equal(HttpStatusCode.NotFound, (await system.Api(alice).GetAsync(id)).Status);
        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec S2: the refusal of a long text carries all four counts.</summary>
    [Fact]
    [Spec("S2", "E.text")]
    public async Task Post_161Characters_CountsInTheRefusal()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");

        ApiAnswer answer = await system.Api(alice).SendAsync(Guid.NewGuid(), bob.User, string.Concat(Enumerable.Repeat("👍🏽", 161)));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        foreach (string count in (string[])["\"161\"", "\"322\"", "\"644\"", "\"1288\""])   // characters, code points, UTF-16 units, bytes
        {
            Assert.Contains(count, answer.Body, StringComparison.Ordinal);
        }
    }

    /// <summary>Spec S2: 160 characters are fine, whatever they weigh below 4,096 bytes; S3: they arrive byte for byte.</summary>
    [Fact]
    [Spec("S2", "S3")]
    public async Task Post_160Emoji_DeliveredByteForByte()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        string text = string.Concat(Enumerable.Repeat("👍🏽", 160));
        await using SipClient phone = await system.RegisteredAsync(bob);

        Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).SendAsync(Guid.NewGuid(), bob.User, text)).Status);

        Assert.Equal(text, (await phone.ReceiveAsync(1))[0].Text);
    }

    [Fact]
    [Spec("S2", "E.text")]
    public async Task Post_IllFormedUtf8_Refused()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        byte[] body = [.. Encoding.UTF8.GetBytes($$"""{"messageId":"{{Guid.NewGuid()}}","recipient":"{{bob.User}}","text":"a"""), 0xC3, 0x28, .. "\"}"u8];

        Assert.Equal(HttpStatusCode.BadRequest, (await system.Api(alice).PostAsync(body)).Status);
        await NothingWaitsAsync(alice, bob);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json; charset=iso-8859-1")]
    [Spec("S1", "E.content-type")]
    public async Task Post_WrongContentType_415(string contentType)
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        string body = JsonSerializer.Serialize(new { messageId = Guid.NewGuid(), recipient = bob.User, text = "hi" });

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await system.Api(alice).PostAsync(body, contentType)).Status);
        await NothingWaitsAsync(alice, bob);
    }

    [Fact]
    [Spec("E.credentials")]
    public async Task Post_WrongPassword_401WithChallenge()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        string body = JsonSerializer.Serialize(new { messageId = Guid.NewGuid(), recipient = bob.User, text = "hi" });

        ApiAnswer answer = await system.Api(alice).PostAsync(body, password: "wrong");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.StartsWith("Basic", answer.Challenge, StringComparison.Ordinal);
        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec: an unknown user is answered like a wrong password.</summary>
    [Fact]
    [Spec("E.credentials")]
    public async Task Post_UnknownUser_401()
    {
        Account bob = await system.NewAccountAsync("bob");
        string body = JsonSerializer.Serialize(new { messageId = Guid.NewGuid(), recipient = bob.User, text = "hi" });

        Assert.Equal(HttpStatusCode.Unauthorized, (await system.Api(new Account("nobody-at-all", "x")).PostAsync(body)).Status);
    }

    [Fact]
    [Spec("E.unknown")]
    public async Task Get_SomeoneElsesId_404()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Guid id = Guid.NewGuid();
        await system.Api(alice).SendAsync(id, bob.User, "mine");

        Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).GetAsync(id)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await system.Api(bob).GetAsync(id)).Status);
    }

    /// <summary>Spec: the same id with other text or another recipient is "used for something else"; the first message stays.</summary>
    [Fact]
    [Spec("D.one-id", "E.id-reused")]
    public async Task Post_OtherTextOrRecipientUnderTheSameId_409()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Account carol = await system.NewAccountAsync("carol");
        Guid id = Guid.NewGuid();
        await system.Api(alice).SendAsync(id, bob.User, "first");

        Assert.Equal(HttpStatusCode.Conflict, (await system.Api(alice).SendAsync(id, bob.User, "second")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await system.Api(alice).SendAsync(id, carol.User, "first")).Status);

        await using SipClient phone = await system.RegisteredAsync(bob);
        Assert.Equal("first", (await phone.ReceiveAsync(1))[0].Text);
        await NothingWaitsAsync(alice, carol);
    }

    /// <summary>The recipient registers and is sent one known message: had the refused one been stored, it would have come first.</summary>
    private async Task NothingWaitsAsync(Account sender, Account recipient)
    {
        Assert.True(system.IsUp);
        Guid id = Guid.NewGuid();
        ApiAnswer probe = await system.Api(sender).SendAsync(id, recipient.User, "probe");
        Assert.Equal(HttpStatusCode.OK, probe.Status);
        await using SipClient phone = await system.RegisteredAsync(recipient);
        Assert.Equal("probe", (await phone.ReceiveAsync(1))[0].Text);
        await system.Api(sender).UntilStateAsync(id, "DELIVERED", TimeSpan.FromSeconds(10));
    }
}
