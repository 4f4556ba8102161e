using System.Text;
using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>What a core told this edge in its Welcome; replaced as a whole when it changes.</summary>
internal sealed class LinkSettings
{
    public LinkSettings(Welcome welcome)
    {
        Epoch = welcome.Epoch;
        Domain = welcome.Domain;
        DomainUtf8 = Encoding.ASCII.GetBytes(welcome.Domain);
        OfferMd5 = welcome.OfferMd5;
        MinExpires = (int)welcome.MinExpiresSeconds;
        MaxExpires = (int)welcome.MaxExpiresSeconds;
        NonceKeys = Copy(welcome.NonceKeys);
    }

    private LinkSettings(LinkSettings other, byte[][] nonceKeys)
    {
        Epoch = other.Epoch;
        Domain = other.Domain;
        DomainUtf8 = other.DomainUtf8;
        OfferMd5 = other.OfferMd5;
        MinExpires = other.MinExpires;
        MaxExpires = other.MaxExpires;
        NonceKeys = nonceKeys;
    }

    /// <summary>Number of this start of the edge.</summary>
    public long Epoch { get; }

    /// <summary>The domain served; also the digest realm.</summary>
    public string Domain { get; }

    public byte[] DomainUtf8 { get; }

    public bool OfferMd5 { get; }

    /// <summary>Shortest registration, in seconds.</summary>
    public int MinExpires { get; }

    /// <summary>Longest registration, in seconds.</summary>
    public int MaxExpires { get; }

    /// <summary>Newest first.</summary>
    public byte[][] NonceKeys { get; }

    /// <summary>The same with other nonce keys.</summary>
    public LinkSettings With(NonceKeys keys) => new(this, Copy(keys));

    private static byte[][] Copy(NonceKeys keys)
    {
        byte[][] all = new byte[keys.Keys.Count][];
        for (int i = 0; i < all.Length; i++) all[i] = keys.Keys[i].ToByteArray();
        return all;
    }
}
