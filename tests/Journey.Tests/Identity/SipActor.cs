using System.Security.Cryptography;
using System.Text;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests.Identity;

/// <summary>The connection that a row speaks of, and requests on it exactly as the row has them.</summary>
internal sealed class SipActor : IAsyncDisposable
{
    private const string Register = "REGISTER";

    private readonly Cast _cast;

    private SipActor(Cast cast, SipClient client) => (_cast, Client) = (cast, client);

    /// <summary>What it writes to and receives by.</summary>
    public SipClient Client { get; }

    /// <summary>Connects and registers whom the row's first cell names.</summary>
    public static async Task<SipActor> StartAsync(JourneySystem system, Cast cast, string connection)
    {
        SipActor actor = new(cast, await system.ConnectedAsync(cast["mallory"]));
        string way = connection switch { "both by Path" => "Path", "both by Via" => "Via", _ => "direct" };
        string[] names = connection switch { "nobody" => [], "mallory" => ["mallory"], _ => ["mallory", "alice"] };
        foreach (string name in names)
        {
            string address = $"<sip:{name}@{JourneySystem.Domain}>";
            Assert.Equal(200, (await actor.RegisterAsync(way, address, address, name, "own", IdentityRow.Nothing)).Status);
        }

        return actor;
    }

    /// <summary>A REGISTER made of a row's cells.</summary>
    public async Task<SipText> RegisterAsync(string way, string from, string to, string digest, string contact, string also)
    {
        string uri = $"sip:{JourneySystem.Domain}";
        string authorization = await DigestAsync(digest, Register, uri);
        string contacts = contact switch
        {
            IdentityRow.Nothing => string.Empty,
            "own" => $"Contact: <sip:{_cast["mallory"].User}@127.0.0.1:9;transport=tls;ob>;reg-id=1;+sip.instance=\"<{Client.Instance}>\"\r\n",
            "alice's phone" => $"Contact: {AlicesPhone()}\r\n",
            "alice's phone, removed" => $"Contact: {AlicesPhone()};expires=0\r\n",
            _ => $"Contact: {_cast.Real(contact)}\r\n",
        };
        return await Client.RequestAsync(
            Head(Register, uri, way, from, to) + $"Supported: outbound, path\r\n{contacts}Expires: {(contact == "*" ? 0 : 3600)}\r\n{authorization}{Line(also)}Content-Length: 0\r\n\r\n");
    }

    /// <summary>A MESSAGE made of a row's cells; what it says also is a header, a digest or a wrapper.</summary>
    public async Task<SipText> MessageAsync(string way, string from, string to, string also, string text)
    {
        const string Digest = "digest of ";
        string uri = $"sip:{_cast["bob"].User}@{JourneySystem.Domain}";
        string more = string.Empty, type = "text/plain;charset=UTF-8";
        if (also.StartsWith(Digest, StringComparison.Ordinal))
        {
            more = await DigestAsync(also[Digest.Length..], "MESSAGE", uri);
        }
        else if (also != "CPIM from alice")
        {
            more = Line(also);
        }
        else
        {
            type = "message/cpim";
            text = $"From: <sip:{_cast["alice"].User}@{JourneySystem.Domain}>\r\nTo: <{uri}>\r\n\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n{text}";
        }

        return await Client.RequestAsync(Head("MESSAGE", uri, way, from, to) + $"{more}Content-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(text)}\r\n\r\n{text}");
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private static string Hex() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private string Line(string header) => header == IdentityRow.Nothing ? string.Empty : $"{_cast.Real(header)}\r\n";

    private string Head(string method, string uri, string way, string from, string to) =>
        $"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK{Hex()};rport\r\n"
        + way switch
        {
            "direct" => string.Empty,
            "Path" => $"Path: <sip:proxy.{JourneySystem.Domain};lr>\r\n",
            "Via" => $"Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bK{Hex()}\r\n",
            _ => throw new ArgumentException($"no such way: {way}"),
        }
        + $"Max-Forwards: 70\r\nFrom: {_cast.Real(from)};tag={Hex()}\r\nTo: {_cast.Real(to)}\r\nCall-ID: {Hex()}\r\nCSeq: 1 {method}\r\n";

    /// <summary>An answer to a good nonce of this connection, which an account that does not exist asks for: nobody's registration is touched by it.</summary>
    private async Task<string> DigestAsync(string digest, string method, string uri)
    {
        if (digest == IdentityRow.Nothing) return string.Empty;
        const string Stranger = $"<sip:nobody-at-all@{JourneySystem.Domain}>";
        SipText challenge = await RegisterAsync("direct", Stranger, Stranger, IdentityRow.Nothing, "own", IdentityRow.Nothing);
        Assert.Equal(401, challenge.Status);
        (Client.User, Client.Password) = _cast.Login(digest);
        return $"Authorization: {Client.Authorization(challenge, method, uri)}\r\n";
    }

    private string AlicesPhone()
    {
        SipClient phone = _cast.Phone("alice");
        return $"<sip:{phone.User}@127.0.0.1:9;transport=tls;ob>;reg-id=1;+sip.instance=\"<{phone.Instance}>\"";
    }
}
