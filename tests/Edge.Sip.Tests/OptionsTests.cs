using Edge.Sip.CoreLink;
using Edge.Sip.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Edge.Sip.Tests;

public class OptionsTests
{
    [Fact]
    public void Sip_SeveralFaults_AreAllTold()
    {
        ValidateOptionsResult result = new SipOptionsValidator().Validate(null, new SipOptions { Address = "here", Port = 70_000, Window = 9, CipherSuites = "TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA" });
        string all = string.Join('\n', result.Failures!);
        foreach (string name in new[] { "Sip:Address", "Sip:Port", "Sip:CertificateFile", "Sip:KeyFile", "Sip:Window", "Sip:CipherSuites: names TLS_RSA_WITH_AES_128_CBC_SHA," }) Assert.Contains(name, all, StringComparison.Ordinal);
    }

    [Fact]
    public void Core_SeveralFaults_AreAllTold()
    {
        ValidateOptionsResult result = new CoreOptionsValidator().Validate(null, new CoreOptions { Endpoints = ["http://127.0.0.1:9444"] });
        string all = string.Join('\n', result.Failures!);
        foreach (string name in new[] { "Core:Endpoints:0", "Core:CertificateFile", "Core:KeyFile", "Core:CaFile" }) Assert.Contains(name, all, StringComparison.Ordinal);
        Assert.Contains("at least one core", string.Join('\n', new CoreOptionsValidator().Validate(null, new CoreOptions()).Failures!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("edge-1", true)]
    [InlineData("", false)]
    [InlineData("Edge 1", false)]
    public void EdgeId_Characters_AreChecked(string id, bool good) =>
        Assert.Equal(good, new EdgeOptionsValidator().Validate(null, new EdgeOptions { Id = id }).Succeeded);

    [Fact]
    public void Configuration_IsBound()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Sip:Port"] = "5099",
            ["Sip:Limits:BodyBytes"] = "700",
            ["Core:Endpoints:0"] = "https://a:1",
            ["Core:Endpoints:1"] = "https://b:2",
            ["Edge:Id"] = "edge-9",
        }).Build();
        using ServiceProvider services = new ServiceCollection().AddLogging().Configure<SipOptions>(configuration.GetSection("Sip"))
            .Configure<CoreOptions>(configuration.GetSection("Core")).Configure<EdgeOptions>(configuration.GetSection("Edge")).BuildServiceProvider();
        SipOptions sip = services.GetRequiredService<IOptions<SipOptions>>().Value;
        Assert.Equal((5_099, 700), (sip.Port, sip.Limits.BodyBytes));
        Assert.Equal(["https://a:1", "https://b:2"], services.GetRequiredService<IOptions<CoreOptions>>().Value.Endpoints);
        Assert.Equal("edge-9", services.GetRequiredService<IOptions<EdgeOptions>>().Value.Id);
    }
}
