using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests.Identity;

/// <summary>Those who play a row: three new accounts, in whose names the row's <c>mallory</c>, <c>alice</c> and <c>bob</c> are turned.</summary>
internal sealed partial class Cast : IAsyncDisposable
{
    private readonly JourneySystem _system;
    private readonly Dictionary<string, Account> _accounts;
    private readonly Dictionary<string, SipClient> _phones = [];
    private readonly string _nobody = $"nobody-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";

    private Cast(JourneySystem system, Dictionary<string, Account> accounts) => (_system, _accounts) = (system, accounts);

    /// <summary>Who is spoken of, by the name in the document.</summary>
    public Account this[string name] => _accounts[name];

    /// <summary>Makes the accounts, and phones of their own for some of them.</summary>
    public static async Task<Cast> StartAsync(JourneySystem system, params string[] phones)
    {
        Dictionary<string, Account> accounts = [];
        foreach (string name in (string[])["mallory", "alice", "bob"]) accounts.Add(name, await system.NewAccountAsync(name));
        Cast cast = new(system, accounts);
        foreach (string name in phones) cast._phones.Add(name, await system.RegisteredAsync(accounts[name]));
        return cast;
    }

    /// <summary>Somebody's own phone.</summary>
    public SipClient Phone(string name) => _phones[name];

    /// <summary>A cell with the names of this row's accounts.</summary>
    public string Real(string cell) => Names().Replace(cell, match => match.Value switch
    {
        "%6Dallory" => $"%6D{this["mallory"].User[1..]}",
        "MALLORY" => this["mallory"].User.ToUpperInvariant(),
        "nobody-at-all" => _nobody,
        string name => this[name].User,
    });

    /// <summary>Name and password of a cell: <c>alice</c>, <c>alice, mallory's password</c>, <c>mallory, wrong password</c>.</summary>
    public Account Login(string cell)
    {
        string[] parts = cell.Split(", ");
        string password = parts switch
        {
            [_, "wrong password"] => "wrong",
            [string name] when _accounts.TryGetValue(name, out Account? own) => own.Password,
            _ => this["mallory"].Password,   // the only one she has
        };
        return new Account(Real(parts[0]), password);
    }

    /// <summary>The values of Authorization that a cell asks for: none, one, or two joined by "and".</summary>
    public string[] Basic(string cell) => cell == IdentityRow.Nothing ? [] : [.. cell.Split(" and ").Select(Login)
        .Select(login => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.User}:{login.Password}"))}")];

    /// <summary>Bob's phone gets the message from that account and without a word of anybody else; that account alone may ask for its state.</summary>
    public async Task DeliveredAsync(Guid id, string text, string sender)
    {
        SipText message = (await Phone("bob").ReceiveAsync(1))[0];
        Assert.Equal(text, message.Text);
        Assert.StartsWith($"<sip:{this[sender].User}@{JourneySystem.Domain}>", message["From"], StringComparison.Ordinal);
        Assert.Equal($"<sip:{this["bob"].User}@{JourneySystem.Domain}>", message["To"]);
        foreach ((string name, Account account) in _accounts)
        {
            bool isSender = name == sender;
            Assert.Equal(isSender ? HttpStatusCode.OK : HttpStatusCode.NotFound, (await _system.Api(account).GetAsync(id)).Status);
            if (!isSender && name != "bob") Assert.DoesNotContain(account.User, message.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>Bob is sent one known message: had the refused one been stored, it would have come first.</summary>
    public async Task NothingStoredAsync()
    {
        Assert.Equal(HttpStatusCode.OK, (await _system.Api(this["bob"]).SendAsync(Guid.NewGuid(), this["bob"].User, "probe")).Status);
        Assert.Equal("probe", (await Phone("bob").ReceiveAsync(1))[0].Text);
    }

    /// <summary>A message to this account goes to one of two phones and not to the other.</summary>
    public async Task ReachedAtAsync(string name, SipClient there, SipClient notThere)
    {
        string text = Guid.NewGuid().ToString();
        Assert.Equal(HttpStatusCode.OK, (await _system.Api(this["bob"]).SendAsync(Guid.NewGuid(), this[name].User, text)).Status);
        SipText message = (await there.ReceiveAsync(1))[0];
        Assert.Equal((text, $"<sip:{this[name].User}@{JourneySystem.Domain}>"), (message.Text, message["To"]));
        Assert.DoesNotContain(notThere.Received, other => other.Text == text);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SipClient phone in _phones.Values) await phone.DisposeAsync();
    }

    [GeneratedRegex("%6Dallory|MALLORY|nobody-at-all|\\b(?:mallory|alice|bob)\\b")]
    private static partial Regex Names();
}
