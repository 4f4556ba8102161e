using System.Net;
using Api.Grpc.Authentication;
using Api.Grpc.Options;
using Api.Grpc.Tests.Support;
using Core.Store.Accounts;
using Core.Store.Limits;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Authentication;

/// <summary>Five failures, then 1 s doubling to 60 s, by account; 60 a minute by address (design, "Keys and trust"; spec, Numbers).</summary>
public sealed class FailureBudgetTests
{
    private static readonly AccountAddress Alice = RedisCore.Address("alice");
    private static readonly IPAddress Home = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Abroad = IPAddress.Parse("198.51.100.7");

    private readonly FakeTimeProvider _time = new();
    private readonly TestLimits _limits = new();

    [Fact]
    public void Failed_AgainAndAgain_WaitDoublesTo60Seconds()
    {
        FailureBudget budget = Budget();
        for (int i = 0; i < 4; i++)
        {
            budget.Failed(Alice, null);
            Assert.Null(budget.Wait(Alice, null));
        }

        foreach (int seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            budget.Failed(Alice, null);
            Assert.Equal(TimeSpan.FromSeconds(seconds), budget.Wait(Alice, null));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Null(budget.Wait(Alice, null));
        }

        Assert.Null(budget.Wait(RedisCore.Address("bob"), null));
        _time.Advance(TimeSpan.FromMinutes(11));
        budget.Failed(Alice, null);
        Assert.Null(budget.Wait(Alice, null));   // forgotten
    }

    [Fact]
    public void Wait_AddressTheAccountLogsInFrom_NotLockedOutByOthers()
    {
        FailureBudget budget = Budget();
        budget.Succeeded(Alice, Home);
        for (int i = 0; i < 20; i++) budget.Failed(Alice, Abroad);
        Assert.Null(budget.Wait(Alice, Home));
        Assert.NotNull(budget.Wait(Alice, Abroad));
        Assert.NotNull(budget.Wait(Alice, null));
        budget.Failed(Alice, Home);   // it guesses itself: no longer proven
        Assert.NotNull(budget.Wait(Alice, Home));
    }

    [Fact]
    [Spec("N.quotas")]
    public void Wait_SixtyFailuresOfAnAddress_RefusedForTheRestOfTheMinute()
    {
        FailureBudget budget = Budget();
        for (int i = 0; i < 60; i++)
        {
            Assert.Null(budget.Wait(Home));
            budget.Failed(RedisCore.Address($"user-{i}"), Home);
        }

        Assert.Equal(TimeSpan.FromMinutes(1), budget.Wait(Home));
        Assert.NotNull(budget.Wait(Alice, Home));
        Assert.Null(budget.Wait(Abroad));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(budget.Wait(Home));
    }

    [Fact]
    [Spec("S5", "N.quotas")]
    public void Wait_LimitRaisedMeanwhile_TakesEffectAtOnce()
    {
        FailureBudget budget = Budget();
        for (int i = 0; i < 60; i++) budget.Failed(Home);
        Assert.NotNull(budget.Wait(Home));
        _limits.Current = new LimitSet { Address = new AddressLimits(1, 1, FailedAuthenticationsPerMinute: 61) };
        Assert.Null(budget.Wait(Home));
        budget.Failed(Home);
        Assert.NotNull(budget.Wait(Home));
    }

    [Fact]
    public void Wait_AddressesOfOneIpv6Network_ShareTheLimit()
    {
        FailureBudget budget = Budget();
        for (int i = 0; i < 60; i++) budget.Failed(IPAddress.Parse($"2001:db8:1:2::{i + 1:x}"));
        Assert.NotNull(budget.Wait(IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.Null(budget.Wait(IPAddress.Parse("2001:db8:1:3::1")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Spec("N.quotas")]
    public void Wait_Loopback_ExemptFromTheAddressLimitOnlyWhenSaid(bool exempt)
    {
        FailureBudget budget = Budget(exempt);
        for (int i = 0; i < 100; i++) budget.Failed(IPAddress.Loopback);
        Assert.Equal(exempt, budget.Wait(IPAddress.Loopback) is null);
        for (int i = 0; i < 5; i++) budget.Failed(Alice, IPAddress.Loopback);
        Assert.NotNull(budget.Wait(Alice, IPAddress.Loopback));   // the account's limit always holds
    }

    private FailureBudget Budget(bool exempt = false) => new(_time, _limits, Microsoft.Extensions.Options.Options.Create(new ApiOptions { ExemptLoopback = exempt }));
}
