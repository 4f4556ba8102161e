using System.Security.Cryptography;
using System.Text;
using Core.Store.Envelopes;

namespace Api.Grpc.Tests.Support;

/// <summary>Derived keys without a key ring: the same for a purpose, another for each.</summary>
public sealed class TestKeys : IDerivedKeys
{
    public byte[] Derive(string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes($"test {purpose}"));
}
