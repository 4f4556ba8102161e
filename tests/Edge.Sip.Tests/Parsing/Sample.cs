using System.Text;

namespace Edge.Sip.Tests.Parsing;

/// <summary>Messages as real clients send them.</summary>
internal static class Sample
{
    public const string Register =
        "REGISTER sip:example.test SIP/2.0\r\n" +
        "Via: SIP/2.0/TLS 192.168.1.7:49152;branch=z9hG4bK.a1B2c3~;rport;alias\r\n" +
        "From: \"Bob \\\"B\\\" Jones\" <sip:bob@example.test>;tag=k~39Fz\r\n" +
        "To: <sip:bob@example.test>\r\n" +
        "CSeq: 21 REGISTER\r\n" +
        "Call-ID: qY3vT0wDbE\r\n" +
        "Max-Forwards: 70\r\n" +
        "Supported: replaces, outbound, gruu, path\r\n" +
        "Accept: application/sdp, text/plain\r\n" +
        "Contact: <sip:bob@192.168.1.7:49152;transport=tls;ob>;+sip.instance=\"<urn:uuid:0d5f4c7e-2a4b-4b61-8a58-0d4ef0a35d11>\";reg-id=1;q=0.5\r\n" +
        "Expires: 3600\r\n" +
        "User-Agent: Linphone/5.1 (belle-sip/5.2)\r\n" +
        "Authorization: Digest realm=\"example.test\", nonce=\"bm9uY2U\", algorithm=SHA-256, username=\"bob\", uri=\"sip:example.test\", response=\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", cnonce=\"c0ffee\", nc=00000001, qop=auth\r\n" +
        "Content-Length: 0\r\n\r\n";

    public const string Message =
        "MESSAGE sip:alice@example.test SIP/2.0\r\n" +
        "Via: SIP/2.0/TLS 10.0.0.2:5061;branch=z9hG4bK74b43\r\n" +
        "Max-Forwards: 70\r\n" +
        "From: <sip:bob@example.test>;tag=49583\r\n" +
        "To: sip:alice@example.test\r\n" +
        "Call-ID: asd88asd77a@1.2.3.4\r\n" +
        "CSeq: 1 MESSAGE\r\n" +
        "Content-Type: text/plain;charset=UTF-8\r\n" +
        "Content-Length: 18\r\n\r\n" +
        "Watson, come here.";

    public const string Options =
        "OPTIONS sip:example.test SIP/2.0\r\nv: SIP/2.0/TLS host.invalid;branch=z9hG4bKo1\r\nf: <sip:a@example.test>;tag=1\r\n" +
        "t: <sip:example.test>\r\ni: o1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\nl: 0\r\n\r\n";

    public const string Ok =
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS edge.example.test:5061;branch=z9hG4bK0123456789abcdef0123456789abcdef\r\n" +
        "From: <sip:bob@example.test>;tag=0011223344556677\r\nTo: <sip:alice@example.test>;tag=9\r\n" +
        "Call-ID: 7b6c0d3e-0000-4000-8000-000000000001.0011223344556677@example.test\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

    /// <summary>Everything above.</summary>
    public static readonly string[] All = [Register, Message, Options, Ok];

    /// <summary>One byte a char, so a test can write any byte.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A MESSAGE with another or a further header; <paramref name="headers"/> ends with CRLF.</summary>
    public static string With(string headers, string body = "") =>
        "MESSAGE sip:alice@example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:b@e>;tag=1\r\nTo: <sip:a@e>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
        + headers + "\r\n" + body;
}
