using Api.Grpc.Hosting;
using Api.Grpc.Tests.Support;
using Core.Store;
using Testing.Shared;

namespace Api.Grpc.Tests.Hosting;

/// <summary>Starts that are refused, with words an operator can act on; and a stop.</summary>
public sealed class StartTests
{
    [Fact]
    public void Build_NoSettings_AllFaultsAtOnce()
    {
        Exception fault = Assert.ThrowsAny<Exception>(() => CoreHost.Build([], services => services.AddCoreStore()));
        string all = string.Join('\n', CoreHost.Faults(fault)!);
        foreach (string setting in new[] { "Redis", "KeyRingFile", "Domain", "Api:CertificateFile", "Admin:TokenFile", "Link:CertificateFile", "Link:ClientCaFile" })
            Assert.Contains(setting, all, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Api:Port=70000", "Api:Port")]
    [InlineData("Api:Address=localhost", "Api:Address")]
    [InlineData("Api:MaxBodyBytes=1", "Api:MaxBodyBytes")]
    [InlineData("Api:KeyFile=other-key.pem", "Api:KeyFile")]
    [InlineData("Admin:TokenFile=short-token", "Admin:TokenFile")]
    [InlineData("Link:ClientCaFile=token", "Link:ClientCaFile")]
    [InlineData("Link:TicketLifetime=2.00:00:00", "Link:TicketLifetime")]
    [InlineData("Link:DeadAfter=00:00:01", "Link:DeadAfter")]
    [InlineData("Metrics:Port=-1", "Metrics:Port")]
    public async Task Start_BadSetting_RefusedByName(string setting, string name)
    {
        using TestCertificates certificates = new();
        await File.WriteAllTextAsync(certificates.In("short-token"), "short");
        using (System.Security.Cryptography.ECDsa other = System.Security.Cryptography.ECDsa.Create())
            await File.WriteAllTextAsync(certificates.In("other-key.pem"), other.ExportPkcs8PrivateKeyPem());
        if (setting.Contains("File=", StringComparison.Ordinal)) setting = setting.Replace("File=", $"File={certificates.Folder}/", StringComparison.Ordinal);

        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => TestCore.StartAsync("127.0.0.1:1", certificates, null, setting));
        Assert.Contains(name, Assert.Single(CoreHost.Faults(fault)!), StringComparison.Ordinal);
    }

    [Fact]
    [Spec("S7")]
    public async Task Start_CertificateHasEnded_RefusedForEachListener()
    {
        using TestCertificates certificates = new();
        certificates.IssueServer(expired: true);
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => TestCore.StartAsync("127.0.0.1:1", certificates));
        string all = string.Join('\n', CoreHost.Faults(fault)!);
        Assert.Contains("Api:CertificateFile", all, StringComparison.Ordinal);
        Assert.Contains("Link:CertificateFile", all, StringComparison.Ordinal);
        Assert.Contains("renew it", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortInUse_SaidPlainly()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        using TestCertificates certificates = new();
        await using TestCore first = await TestCore.StartAsync(redis.Endpoint, certificates);
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => TestCore.StartAsync(redis.Endpoint, certificates, null, $"Api:Port={first.Api.Port}"));
        Assert.Contains($"{first.Api.Port}", Assert.Single(CoreHost.Faults(fault)!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_WithALinkOpen_LinkEndedAndStoppedSoon()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        using TestCertificates certificates = new();
        await using TestCore core = await TestCore.StartAsync(redis.Endpoint, certificates);
        await using TestLink link = await TestLink.ConnectAsync(core);
        await core.StopAsync().WaitAsync(TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken);   // under the host's own 10 s of patience
        await Task.WhenAny(link.Ended).WaitAsync(TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken);
    }
}
