using Api.Grpc.EdgeLink;
using Core.Store.Accounts;
using Edge.Link.V1;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>The worked example of RFC 7616 §3.9.1, both algorithms.</summary>
public sealed class DigestVerifierTests
{
    private const string Realm = "http-auth@example.org";

    [Theory]
    [InlineData(DigestAlgorithm.Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    [InlineData(DigestAlgorithm.Md5, "8ca523f5e9506fed4657c9700eebdbec")]
    [Spec("R.digest")]
    public void FirstValid_ExampleOfTheRfc_Found(DigestAlgorithm algorithm, string response)
    {
        Assert.True(AccountAddress.TryCreate("Mufasa", Realm, out AccountAddress account));
        AccountVerifiers verifiers = new(PasswordVerifier.Sha256(account, "Circle of Life"), PasswordVerifier.Md5(account, "Circle of Life"), 1);
        DigestResponse digest = new()
        {
            Algorithm = algorithm,
            Username = "Mufasa",
            Realm = Realm,
            Nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            Uri = "/dir/index.html",
            Response = response,
            Cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            Nc = "00000001",
            QopAuth = true,
        };

        Assert.Same(digest, DigestVerifier.FirstValid([digest], account, "GET", verifiers, takeMd5: true));
        Assert.Null(DigestVerifier.FirstValid([digest], account, "REGISTER", verifiers, takeMd5: true));
        DigestResponse wrong = digest.Clone();
        wrong.Response = new string('0', response.Length);
        Assert.Same(digest, DigestVerifier.FirstValid([wrong, digest], account, "GET", verifiers, takeMd5: true));   // one that verifies is enough
        Assert.Null(DigestVerifier.FirstValid([wrong, wrong, wrong, wrong, digest], account, "GET", verifiers, takeMd5: true));   // the fifth is not looked at
    }
}
