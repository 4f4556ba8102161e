using System.Text;

namespace Microbenchmarks;

/// <summary>Messages as a phone sends them.</summary>
internal static class Traffic
{
    public static readonly byte[] Register = Encoding.ASCII.GetBytes(
        "REGISTER sip:example.test SIP/2.0\r\n"
        + "Via: SIP/2.0/TLS 192.168.1.7:49152;branch=z9hG4bK.a1B2c3d4e;rport;alias\r\n"
        + "From: <sip:bob@example.test>;tag=k39Fz\r\n"
        + "To: <sip:bob@example.test>\r\n"
        + "CSeq: 21 REGISTER\r\n"
        + "Call-ID: qY3vT0wDbE\r\n"
        + "Max-Forwards: 70\r\n"
        + "Supported: replaces, outbound, gruu, path\r\n"
        + "Contact: <sip:bob@192.168.1.7:49152;transport=tls;ob>;+sip.instance=\"<urn:uuid:0d5f4c7e-2a4b-4b61-8a58-0d4ef0a35d11>\";reg-id=1\r\n"
        + "Expires: 3600\r\n"
        + "User-Agent: Linphone/5.1 (belle-sip/5.2)\r\n"
        + "Authorization: Digest realm=\"example.test\", nonce=\"bm9uY2U\", algorithm=SHA-256, username=\"bob\", uri=\"sip:example.test\", "
        + "response=\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", cnonce=\"c0ffee\", nc=00000001, qop=auth\r\n"
        + "Content-Length: 0\r\n\r\n");

    public static readonly byte[] Message = Encoding.ASCII.GetBytes(
        "MESSAGE sip:alice@example.test SIP/2.0\r\n"
        + "Via: SIP/2.0/TLS 192.168.1.7:49152;branch=z9hG4bK.b2C3d4e5f;rport;alias\r\n"
        + "From: <sip:bob@example.test>;tag=49583\r\n"
        + "To: sip:alice@example.test\r\n"
        + "CSeq: 20 MESSAGE\r\n"
        + "Call-ID: asd88asd77a\r\n"
        + "Max-Forwards: 70\r\n"
        + "Supported: replaces, outbound, gruu, path\r\n"
        + "Content-Type: text/plain;charset=UTF-8\r\n"
        + "User-Agent: Linphone/5.1 (belle-sip/5.2)\r\n"
        + "Content-Length: 46\r\n\r\n"
        + "Mr. Watson, come here. I would like to see you");
}
