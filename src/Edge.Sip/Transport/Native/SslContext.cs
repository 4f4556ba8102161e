using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Sip.Transport.Native;

/// <summary>An <c>SSL_CTX</c>: what connections made from it offer. Never changed; a new certificate makes a new one.</summary>
internal abstract class SslContext : SafeHandle
{
    /// <param name="method">Of server or client.</param>
    /// <param name="certificate">Leaf with key, and chain.</param>
    /// <param name="suites">What is offered.</param>
    /// <exception cref="CryptographicException">OpenSSL does not take them.</exception>
    protected SslContext(nint method, ServerCertificate certificate, IReadOnlyList<TlsSuite> suites)
        : base(0, ownsHandle: true)
    {
        SetHandle(OpenSsl.SSL_CTX_new(method));
        Check(!IsInvalid);
        Offer(suites);
        Check(TryOfferGroups("X25519MLKEM768:X25519:P-256:P-384"u8) || TryOfferGroups("X25519:P-256:P-384"u8));   // the first is known from OpenSSL 3.5 on
        _ = Control(OpenSsl.SSL_CTRL_SET_READ_AHEAD, 1);   // a record is one read, not two: head and body
        _ = Control(OpenSsl.SSL_CTRL_SET_SESS_CACHE_MODE, OpenSsl.SSL_SESS_CACHE_OFF);
        Use(certificate);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>A connection that has no BIO yet.</summary>
    /// <returns>The <c>SSL</c>, to be freed by its owner; 0 without memory.</returns>
    protected nint Open()
    {
        bool held = false;
        DangerousAddRef(ref held);   // a reload may let go of this one just now; the SSL holds it by itself from here on
        nint ssl = OpenSsl.SSL_new(handle);
        DangerousRelease();
        return ssl;
    }

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_CTX_free(handle);
        return true;
    }

    protected nint Control(int command, nint number) => OpenSsl.SSL_CTX_ctrl(handle, command, number, 0);

    /// <summary>No finite fields: a handshake with ffdhe8192 costs the server a hundred of the others.</summary>
    /// <returns>False if OpenSSL does not know one of them.</returns>
    private unsafe bool TryOfferGroups(ReadOnlySpan<byte> names)
    {
        fixed (byte* text = names)   // a literal: a zero stands behind it
        {
            bool known = OpenSsl.SSL_CTX_ctrl(handle, OpenSsl.SSL_CTRL_SET_GROUPS_LIST, 0, (nint)text) == 1;
            if (!known) OpenSsl.ERR_clear_error();
            return known;
        }
    }

    /// <summary>A version without suites is not spoken.</summary>
    private void Offer(IReadOnlyList<TlsSuite> suites)
    {
        string[] later = [.. suites.Where(static suite => suite.IsTls13).Select(static suite => suite.OpenSslName)];
        string[] earlier = [.. suites.Where(static suite => !suite.IsTls13).Select(static suite => suite.OpenSslName)];
        Check(Control(OpenSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, earlier.Length > 0 ? OpenSsl.TLS1_2_VERSION : OpenSsl.TLS1_3_VERSION) == 1);
        Check(Control(OpenSsl.SSL_CTRL_SET_MAX_PROTO_VERSION, later.Length > 0 ? OpenSsl.TLS1_3_VERSION : OpenSsl.TLS1_2_VERSION) == 1);
        if (earlier.Length > 0) Check(OpenSsl.SSL_CTX_set_cipher_list(handle, string.Join(':', earlier)) == 1);
        if (later.Length > 0) Check(OpenSsl.SSL_CTX_set_ciphersuites(handle, string.Join(':', later)) == 1);
    }

    /// <summary>On Linux the handles of .NET are OpenSSL's own objects; each call takes a reference.</summary>
    private void Use(ServerCertificate certificate)
    {
        using SafeEvpPKeyHandle key = certificate.DuplicateKey();
        Check(OpenSsl.SSL_CTX_use_certificate(handle, certificate.Leaf.Handle) == 1);
        Check(OpenSsl.SSL_CTX_use_PrivateKey(handle, key.DangerousGetHandle()) == 1);
        Check(OpenSsl.SSL_CTX_check_private_key(handle) == 1);
        foreach (X509Certificate2 issuer in certificate.Issuers)
        {
            const int TakeReference = 1;
            Check(OpenSsl.SSL_CTX_ctrl(handle, OpenSsl.SSL_CTRL_CHAIN_CERT, TakeReference, issuer.Handle) == 1);
        }
    }

    /// <exception cref="CryptographicException">It has not.</exception>
    protected static void Check(bool succeeded)
    {
        if (succeeded) return;
        string why = Marshal.PtrToStringUTF8(OpenSsl.ERR_reason_error_string(OpenSsl.ERR_get_error())) ?? "no reason given";
        OpenSsl.ERR_clear_error();
        throw new CryptographicException($"OpenSSL refuses the TLS settings: {why}");
    }
}
