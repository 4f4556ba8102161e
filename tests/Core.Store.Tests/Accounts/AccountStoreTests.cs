using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Accounts;

/// <summary>Accounts, on every server that the store runs on.</summary>
public abstract class AccountStoreTests(ServerFixture fixture) : StoreTest(fixture)
{
    private static readonly AccountAddress Dave = Address("dave");

    private IAccountStore Accounts => Core.Accounts;

    [Fact]
    [Spec("D.accounts")]
    public async Task Create_New_CanLogIn()
    {
        Account account = (await Accounts.CreateAsync(Dave, "s3cret"))!;
        Assert.Equal((Dave, Noon, Noon), (account.Address, account.CreateTime, account.UpdateTime));
        Assert.Equal(account, await Accounts.GetAsync(Dave));
        AccountVerifiers verifiers = (await Accounts.FindVerifiersAsync(Dave))!;
        Assert.True(verifiers.Matches(Dave, "s3cret"));
        Assert.False(verifiers.Matches(Dave, "other"));
        Assert.Equal(PasswordVerifier.Md5(Dave, "s3cret"), verifiers.Md5.ToArray());
        Assert.Equal(account.CredentialVersion, verifiers.CredentialVersion);
    }

    [Fact]
    [Spec("D.accounts")]
    public async Task Create_NameTaken_NullAndUnchanged()
    {
        Assert.Null(await Accounts.CreateAsync(Alice, "other"));
        Assert.True((await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "secret"));
    }

    [Fact]
    [Spec("D.accounts")]
    public async Task Names_DifferInCase_AreTwoAccounts()
    {
        Assert.NotNull(await Accounts.CreateAsync(Address("Alice"), "other"));
        Assert.True((await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "secret"));
    }

    [Fact]
    public async Task Update_NewPassword_VersionRises()
    {
        Account before = (await Accounts.GetAsync(Alice))!;
        Time.Advance(TimeSpan.FromSeconds(1));
        Account same = (await Accounts.UpdateAsync(Alice, "secret"))!;
        Assert.Equal(before, same);
        Account after = (await Accounts.UpdateAsync(Alice, "new"))!;
        Assert.NotEqual(before.CredentialVersion, after.CredentialVersion);
        Assert.Equal((before.CreateTime, Noon.AddSeconds(1)), (after.CreateTime, after.UpdateTime));
        Assert.True((await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "new"));
        Assert.Null(await Accounts.UpdateAsync(Dave, "new"));
    }

    /// <summary>A cache may say yes for 5 seconds; no is Redis' word.</summary>
    [Fact]
    public async Task Prove_PasswordChangedByAnotherCore_NewOneWorksAtOnce()
    {
        TestCore other = await StartCoreAsync("core-2");
        Assert.NotNull(await Accounts.ProveAsync(Alice, v => v.Matches(Alice, "secret")));
        await other.Accounts.UpdateAsync(Alice, "new");
        Assert.NotNull(await Accounts.ProveAsync(Alice, v => v.Matches(Alice, "new")));
        Assert.Null(await Accounts.ProveAsync(Alice, v => v.Matches(Alice, "secret")));
    }

    /// <summary>Also whoever would take anybody's verifiers proves nothing of an account that is not there.</summary>
    [Fact]
    [Spec("E.credentials")]
    public async Task Prove_UnknownAccount_AskedOfNobodysVerifiersAndNull()
    {
        int asked = 0;
        for (int i = 0; i < 2; i++)
        {
            Assert.Null(await Accounts.ProveAsync(Dave, v =>
            {
                asked++;
                Assert.Equal((32, 16), (v.Sha256.Length, v.Md5.Length));
                return true;
            }));
        }

        Assert.Equal(2, asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Spec("D.accounts", "S11")]
    public async Task Account_NewPasswordOrDeleted_BindingsEndAndFlowsAreRevoked(bool isDeleted)
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2, "edge-2"), "tablet");
        await Accounts.UpdateAsync(Bob, "secret");   // the same: nothing ends
        Assert.Empty(Core.Port.Revoked);
        Assert.Equal(Flow(2, "edge-2"), (await SendAsync("one")).Push!.Flow);

        if (isDeleted) await Accounts.DeleteAsync(Bob);
        else await Accounts.UpdateAsync(Bob, "new");
        Assert.Equal([(Flow(2, "edge-2"), Bob), (Flow(1), Bob)], Core.Port.Revoked.Select(static r => (r.Flow, r.Account!.Value)));
        Acceptance two = await SendAsync("two");
        Assert.Equal((isDeleted ? AcceptOutcome.UnknownRecipient : AcceptOutcome.Accepted, true), (two.Outcome, two.Push is null));
        if (isDeleted) return;
        Assert.Equal(["one", "two"], Texts(await RegisterAsync(Flow(3))));   // whoever knows the new one gets everything
    }

    [Fact]
    public async Task NewPassword_EdgeReachedByAnotherCoreAlone_ThatOneIsAsked()
    {
        TestCore other = await StartCoreAsync("core-2");
        await RegisterAsync(Flow(1));
        Core.Port.Unreached.Add("edge-1");
        await Accounts.UpdateAsync(Bob, "new");
        await EventuallyAsync(() => Task.FromResult(!other.Port.Revoked.IsEmpty), "the other core was asked");
        Assert.Equal([(Flow(1), null)], other.Port.Revoked);
    }

    [Fact]   // design: verifiers are cached in a core 5 s at most
    public async Task FindVerifiers_ChangedByAnotherCore_SeenAfterFiveSeconds()
    {
        TestCore other = await StartCoreAsync("core-2");
        await Accounts.FindVerifiersAsync(Alice);
        await other.Accounts.UpdateAsync(Alice, "new");
        await other.Accounts.DeleteAsync(Bob);
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.True((await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "new"));
        Assert.Null(await Accounts.FindVerifiersAsync(Bob));
    }

    [Fact]   // whoever sends all the time never waits for it
    public async Task FindVerifiers_AskedForAgainAfterThreeSeconds_ReadBeforeTheyLapse()
    {
        TestCore other = await StartCoreAsync("core-2");
        await Accounts.FindVerifiersAsync(Alice);
        await other.Accounts.UpdateAsync(Alice, "new");
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.True((await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "secret"));   // at once, from memory
        await EventuallyAsync(async () => (await Accounts.FindVerifiersAsync(Alice))!.Matches(Alice, "new"), "read again");
    }

    [Fact]
    public async Task FindVerifiers_UnknownThenCreated_FoundAtOnce()
    {
        Assert.Null(await Accounts.FindVerifiersAsync(Dave));
        await (await StartCoreAsync("core-2")).Accounts.CreateAsync(Dave, "s3cret");
        Assert.NotNull(await Accounts.FindVerifiersAsync(Dave));
    }

    [Fact]   // proofs made for the old account must not fit the new one
    public async Task DeleteAndCreate_SameNameAtOnce_AnotherVersion()
    {
        int before = (await Accounts.GetAsync(Alice))!.CredentialVersion;
        Assert.Equal(0, await Accounts.DeleteAsync(Alice));
        Assert.Null(await Accounts.FindVerifiersAsync(Alice));
        Assert.NotEqual(before, (await Accounts.CreateAsync(Alice, "secret"))!.CredentialVersion);
    }

    [Fact]   // spec D: import is repeatable
    [Spec("D.accounts")]
    public async Task Import_Repeated_ChangesNothing()
    {
        (AccountAddress, string)[] lines = [(Alice, "secret"), (Bob, "new"), (Dave, "s3cret")];
        Assert.Equal([ImportOutcome.Unchanged, ImportOutcome.Updated, ImportOutcome.Created], await Accounts.ImportAsync(lines));
        Assert.Equal([ImportOutcome.Unchanged, ImportOutcome.Unchanged, ImportOutcome.Unchanged], await Accounts.ImportAsync(lines));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public async Task List_ByPages_EveryAccountOnce(int pageSize)
    {
        await Accounts.ImportAsync([.. Enumerable.Range(0, 200).Select(i => (Address($"user{i}"), "p"))]);
        List<string> users = [];
        string token = string.Empty;
        do
        {
            AccountPage page = await Accounts.ListAsync(pageSize, token);
            users.AddRange(page.Accounts.Select(a => a.Address.User));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(203, users.Count);
        Assert.Equal(203, users.Distinct().Count());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("1-")]
    [InlineData("1024-0")]
    [InlineData("-1-0")]
    public async Task List_ForeignToken_FormatException(string token) =>
        await Assert.ThrowsAsync<FormatException>(() => Accounts.ListAsync(10, token));

    [Fact]   // not one bit of what a password is checked against may change: version, key id, salt, verifiers, address, tag
    [Spec("D.accounts")]
    public async Task Open_AnyBitOfAnAccountFlippedOrMore_DoesNotOpen()
    {
        AccountName alice = Core.Names.Account(Alice);
        byte[] value = (await Core.Redis.HashGetAsync(RedisKeys.Accounts(alice.Partition), alice.Handle))!;
        KeyRing ring = Core.Get<KeyRing>();
        for (int bit = 0; bit < value.Length * 8; bit++)
        {
            value[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Opens(value), $"bit {bit}");
            value[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.False(Opens([.. value, 0]));
        Assert.False(Opens(value[..^1]));
        Assert.True(Opens(value));

        bool Opens(byte[] altered)
        {
            try
            {
                return AccountRecord.Open(ring, alice, altered) is not null;
            }
            catch (StoreUnavailableException)
            {
                return false;   // a key id that the ring does not have
            }
        }
    }

    [Fact]   // an account's value copied to another name would let its owner in as the other
    public async Task FindVerifiers_ValueOfAnotherAccount_DoesNotOpen()
    {
        AccountName alice = Core.Names.Account(Alice), bob = Core.Names.Account(Bob);
        StackExchange.Redis.RedisValue value = await Core.Redis.HashGetAsync(RedisKeys.Accounts(alice.Partition), alice.Handle);
        await Core.Redis.HashSetAsync(RedisKeys.Accounts(bob.Partition), bob.Handle, value);
        Assert.Null(await Accounts.FindVerifiersAsync(Bob));
        Assert.NotNull(await Accounts.UpdateAsync(Bob, "mended"));
        Assert.True((await Accounts.FindVerifiersAsync(Bob))!.Matches(Bob, "mended"));
    }
}

/// <inheritdoc/>
public sealed class AccountStoreOnRedisTests(RedisFixture fixture) : AccountStoreTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc/>
public sealed class AccountStoreOnGarnetTests(GarnetFixture fixture) : AccountStoreTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class AccountStoreOnClusterTests(ClusterFixture fixture) : AccountStoreTests(fixture), IClassFixture<ClusterFixture>;
