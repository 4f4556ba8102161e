using System.Text;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Torture;

/// <summary>The torture messages of RFC 4475 to a whole edge over TLS, each on a connection of its own, with a ping behind it: what is answered, what is dropped, what ends the connection.</summary>
[Spec("N.sip")]
public abstract class Rfc4475OverTlsTests(string transport)
{
    /// <summary>What this server says: it is a registrar and takes MESSAGE and OPTIONS; an INVITE that is well formed is 405. "dropped": nothing, and the ping is answered.</summary>
    private static readonly Dictionary<string, string> Outcomes = new(StringComparer.Ordinal)
    {
        // §3.1.1 well formed
        ["wsinv"] = "481",       // its To has a tag: a request within a dialog that there is not (RFC 3261 §12.2.2)
        ["intmeth"] = "501",
        ["esc01"] = "405",
        ["escnull"] = "404",     // an account's name holds no NUL
        ["esc02"] = "501",       // RE%47IST%45R is no REGISTER
        ["lwsdisp"] = "200",
        ["longreq"] = "405",
        ["dblreq"] = "401 405 400 closed",   // on a stream: the REGISTER, the INVITE behind it, five bytes that are no message
        ["semiuri"] = "200",
        ["transports"] = "200",
        ["mpart01"] = "401",
        ["unreason"] = "dropped",
        ["noreason"] = "dropped",
        // §3.1.2 malformed
        ["badinv01"] = "400",
        ["clerr"] = "413 closed",   // 9,999 bytes are more than any body may have: nothing is waited for
        ["ncl"] = "400 closed",
        ["scalar02"] = "400",
        ["scalarlg"] = "dropped",
        ["quotbal"] = "400",
        ["ltgtruri"] = "400",
        ["lwsruri"] = "400",
        ["lwsstart"] = "400",
        ["trws"] = "400",
        ["escruri"] = "400",
        ["baddate"] = "405",        // the Date is not used
        ["regbadct"] = "400",
        ["badaspec"] = "400",
        ["baddn"] = "waits closed", // its blank line never comes
        ["badvers"] = "505",
        ["mismatch01"] = "400",
        ["mismatch02"] = "400",
        ["bigcode"] = "dropped",
        // §3.2 to §3.4
        ["badbranch"] = "200",      // OPTIONS makes no transaction that two clients could share
        ["insuf"] = "400",
        ["unkscm"] = "416",
        ["novelsc"] = "416",
        ["unksm2"] = "400",
        ["bext01"] = "420",
        ["invut"] = "405",
        ["regaut01"] = "401",
        ["multi01"] = "400",
        ["mcl01"] = "400 closed",
        ["bcast"] = "dropped",
        ["zeromf"] = "200",         // nothing is forwarded
        ["cparam01"] = "401",       // succeed with a digest: see below
        ["cparam02"] = "401",
        ["regescrt"] = "401",
        ["sdp01"] = "405",
        ["inv2543"] = "400 closed", // without a Content-Length a stream has no next message
        ["test"] = "400",           // described by no section
    };

    [Fact]
    public async Task EachFile_OverTls_AnsweredAsItsSectionAsks()
    {
        IReadOnlyList<(string Name, byte[] Bytes)> files = Rfc4475.Files();
        await using TestEdge edge = await StartAsync();
        List<string> other = [];
        List<string> right = [];
        foreach ((string name, byte[] bytes) in files)
        {
            string expected = Outcomes.GetValueOrDefault(name, "?"), seen = await OutcomeAsync(edge, bytes, expected.StartsWith("waits", StringComparison.Ordinal));
            if (seen == expected) right.Add(name);
            else other.Add($"{name}: {seen}, not {expected}");
            Assert.Equal(200, (await (await edge.ConnectAsync()).RequestAsync(Options)).Status);   // nobody else is hurt
        }

        Console.WriteLine($"RFC 4475 over TLS, {transport}: {Rfc4475.Score(right)}");
        Assert.True(other.Count == 0, string.Join("\n", other));
    }

    /// <summary>§3.3.12 to §3.3.14: the same bytes with an Authorization header added are granted, and the Contact comes back with its parameters where they belong.</summary>
    [Theory]
    [InlineData("cparam01", "<sip:+19725552222@gw1.example.net>", "unknownparam")]
    [InlineData("cparam02", "<sip:+19725552222@gw1.example.net;unknownparam>", null)]
    [InlineData("regescrt", "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>", null)]
    public async Task Register_SameBytesWithAuthorization_Granted(string name, string contact, string? never)
    {
        string text = Encoding.Latin1.GetString(Rfc4475.BytesOf(name));
        await using TestEdge edge = await StartAsync();
        SipClient client = await edge.ConnectAsync(SipText.Parse(text, [])["To"].Split("sip:")[1].Split('@')[0]);
        SipText challenge = await client.RequestAsync(text);
        Assert.Equal(401, challenge.Status);
        int headers = text.IndexOf("\r\n", StringComparison.Ordinal) + 2;
        string uri = text.Split(' ')[1];
        SipText granted = await client.RequestAsync($"{text[..headers]}Authorization: {client.Authorization(challenge, "REGISTER", uri)}\r\n{text[headers..]}");
        Assert.Equal(200, granted.Status);
        Assert.StartsWith(contact, granted["Contact"], StringComparison.Ordinal);
        if (never is not null) Assert.DoesNotContain(never, granted["Contact"].Split('>')[0], StringComparison.Ordinal);
    }

    private const string Options = "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKgood\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>\r\nCall-ID: good\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

    private Task<TestEdge> StartAsync() => TestEdge.StartAsync(core: static core => core.Welcome.Domain = "example.com", settings: [$"Sip:Transport={transport}", "Sip:MessageSeconds=2"]);

    private static async Task<string> OutcomeAsync(TestEdge edge, byte[] bytes, bool waits)
    {
        SipClient client = await edge.ConnectAsync();
        await client.WriteAsync(waits ? bytes : (byte[])[.. bytes, .. "\r\n\r\n"u8]);
        await Until.TrueAsync(() => client.Keepalives.Count > 0 || client.Closed.IsCompleted, "the ping is answered, or the connection ends");
        List<string> answers = [];
        while (client.TryTakeResponse(out SipText answer)) answers.Add($"{answer.Status}");
        if (waits) answers.Add("waits");
        if (client.Closed.IsCompleted) answers.Add("closed");
        else if (answers.Count == 0) answers.Add("dropped");
        return string.Join(' ', answers);
    }
}

/// <inheritdoc/>
public sealed class Rfc4475OverNativeTlsTests() : Rfc4475OverTlsTests("Native");

/// <inheritdoc/>
public sealed class Rfc4475OverPortableTlsTests() : Rfc4475OverTlsTests("Portable");
