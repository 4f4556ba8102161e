extern alias core;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using core::Api.Grpc.EdgeLink;
using core::Edge.Link.V1;
using Core.Store.Accounts;

namespace Microbenchmarks;

/// <summary>A REGISTER's digest, checked by the core; an account that does not exist costs the same.</summary>
public class DigestBenchmarks
{
    private AccountAddress _account;
    private AccountVerifiers _verifiers = null!;
    private readonly AccountVerifiers _others = new(RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(16), 1);
    private DigestResponse[] _digests = [];

    [GlobalSetup]
    public void Setup()
    {
        _ = AccountAddress.TryCreate("bob", "example.test", out _account);
        byte[] ha1 = PasswordVerifier.Sha256(_account, "secret");
        _verifiers = new AccountVerifiers(ha1, PasswordVerifier.Md5(_account, "secret"), 0);
        string ha2 = Hex("REGISTER:sip:example.test");
        _digests =
        [
            new DigestResponse
            {
                Algorithm = DigestAlgorithm.Sha256,
                Username = "bob",
                Realm = "example.test",
                Nonce = "bm9uY2U",
                Uri = "sip:example.test",
                Cnonce = "c0ffee",
                Nc = "00000001",
                QopAuth = true,
                Response = Hex($"{Convert.ToHexStringLower(ha1)}:bm9uY2U:00000001:c0ffee:auth:{ha2}"),
            },
        ];
        if (!RightPassword() || WrongPassword()) throw new InvalidOperationException("the digest is wrong");
    }

    [Benchmark]
    public bool RightPassword() => DigestVerifier.FirstValid(_digests, _account, "REGISTER", _verifiers, takeMd5: true) is not null;

    [Benchmark]
    public bool WrongPassword() => DigestVerifier.FirstValid(_digests, _account, "REGISTER", _others, takeMd5: true) is not null;

    private static string Hex(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
