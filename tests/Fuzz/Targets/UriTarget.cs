using Edge.Sip.Parsing;

namespace Fuzz.Targets;

/// <summary>SIP URIs, the addresses and contacts round them, and Via values.</summary>
internal static class UriTarget
{
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        Span<byte> user = stackalloc byte[64];
        if (SipUri.Parse(bytes, out SipUri uri) == SipFault.None)
        {
            if (uri.Host.IsEmpty) throw new InvalidOperationException("a URI without a host");
            if (uri.TryGetUser(user, out int length) && length > uri.User.Length) throw new InvalidOperationException("unescaping made it longer");
            _ = uri.TryGetParameter("transport"u8, out _);
            if (SipUri.Parse(uri.WithoutHeaders, out SipUri again) != SipFault.None || again.HasHeaders) throw new InvalidOperationException("without its headers it is no URI");
        }

        if (SipAddress.TryParse(bytes, out SipAddress address) && !SipParameters.AreValid(address.Parameters)) throw new InvalidOperationException("parameters of an address");
        if (SipContact.TryParse(bytes, out SipContact contact) && !contact.IsStar && contact.Uri.IsEmpty) throw new InvalidOperationException("a contact without a URI");
        if (SipVia.TryParse(bytes, out SipVia via) && via.Host.IsEmpty) throw new InvalidOperationException("a Via without a host");
    }
}
