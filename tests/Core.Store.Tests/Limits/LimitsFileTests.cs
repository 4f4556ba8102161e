using System.Text;
using Core.Store.Limits;
using Testing.Shared;

namespace Core.Store.Tests.Limits;

/// <summary>What may stand in the limits file, and what is said about the rest.</summary>
[Spec("S5")]
public sealed class LimitsFileTests
{
    [Fact]
    [Spec("N.quotas", "B2")]
    public void Parse_EmptyObject_TheDefaultsOfTheSpec()
    {
        LimitSet limits = Sound("{}");
        Assert.Equal(new LimitSet(), limits);
        Assert.Equal((160, 4_096), (limits.Text.MaxCharacters, limits.Text.MaxTextBytes));
        Assert.Equal((500, 100), (limits.Queue.PerRecipient, limits.Queue.PerSender));
        Assert.Equal((1_000, 10, 500, 5), (limits.Sender.Burst, limits.Sender.PerSecond, limits.Pair.Burst, limits.Pair.PerSecond));
        Assert.Equal((30, 5, 30), (limits.UnknownRecipientsPerMinute, limits.Delivery.Tries, limits.Delivery.RetrySeconds));
        Assert.Equal((20_000, 2_000, 60), (limits.Address.Connections, limits.Address.ConnectionsPerSecond, limits.Address.FailedAuthenticationsPerMinute));
    }

    [Fact]
    public void Parse_EveryKey_SetsItsNumberAndNoOther()
    {
        foreach (LimitField field in LimitFields.All)
        {
            int value = field.Name == "queue.perSender" ? 101 : field.Name == "queue.perRecipient" ? 501 : field.Most;
            string[] path = field.Name.Split('.');
            string json = path.Length == 2 ? $"{{\"{path[0]}\": {{\"{path[1]}\": {value}}}}}" : $"{{\"{path[0]}\": {value}}}";
            LimitSet limits = Sound(json);
            Assert.Equal(value, field.Get(limits));
            Assert.Equal(new LimitSet(), field.With(limits, field.Get(new LimitSet())));
        }
    }

    [Theory]
    [InlineData("", "not one JSON object")]
    [InlineData("[]", "not one JSON object")]
    [InlineData("{\"sender\": {\"burst\": 1},\n}", "line 2")]
    [InlineData("{} {}", "line 1")]
    [InlineData("""{"senders": {"burst": 1}}""", "senders is not known: the file takes text, queue, sender, pair, delivery, address, unknownRecipientsPerMinute")]
    [InlineData("""{"sender": {"perSeconds": 1}}""", "sender.perSeconds is not known: sender takes burst, perSecond")]
    [InlineData("""{"sender.burst": 1}""", "sender.burst is not known: the file takes text,")]
    [InlineData("""{"Sender": {}}""", "Sender is not known")]
    [InlineData("""{"": 1}""", "is not known")]
    [InlineData("""{"sender": 5}""", "sender must be an object with the keys burst, perSecond")]
    [InlineData("""{"sender": {"burst": 1, "burst": 2}}""", "sender.burst stands there twice")]
    [InlineData("""{"pair": {}, "pair": {}}""", "pair stands there twice")]
    [InlineData("""{"unknownRecipientsPerMinute": {}}""", "unknownRecipientsPerMinute must be a whole number from 1 to 1000000")]
    [InlineData("""{"delivery": {"tries": "5"}}""", "delivery.tries must be a whole number from 1 to 100")]
    [InlineData("""{"delivery": {"tries": 5.5}}""", "delivery.tries must be")]
    [InlineData("""{"delivery": {"tries": 0}}""", "delivery.tries must be")]
    [InlineData("""{"delivery": {"tries": 99999999999}}""", "delivery.tries must be")]
    [InlineData("""{"delivery": {"tries": null}}""", "delivery.tries must be")]
    [InlineData("""{"text": {"maxTextBytes": 4097}}""", "text.maxTextBytes must be a whole number from 1 to 4096")]
    [InlineData("""{"queue": {"perRecipient": 10}}""", "queue.perSender is more than queue.perRecipient")]
    [InlineData("""{"\ud800": 1}""", "surrogate")]
    public void Parse_Faulty_SaysWhatToDo(string json, string said)
    {
        Assert.Contains(said, Assert.Single(LimitsFile.Parse(Encoding.UTF8.GetBytes(json), out _)), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SeveralFaults_AllToldAtOnce()
    {
        IReadOnlyList<string> faults = LimitsFile.Parse("""{"colour": 1, "pair": {"burst": 0, "perSecond": true}, "text": 160}"""u8.ToArray(), out _);
        Assert.Equal(4, faults.Count);
    }

    [Fact]
    public void Read_NoFileOrTooLarge_Told()
    {
        using LimitsOnDisk file = new(new string(' ', 70_000) + "{}");
        Assert.Contains("larger than 65536 bytes", Assert.Single(LimitsFile.Read(file.Path, out _)), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Single(LimitsFile.Read($"{file.Path}.none", out _)), StringComparison.Ordinal);
    }

    private static LimitSet Sound(string json)
    {
        Assert.Empty(LimitsFile.Parse(Encoding.UTF8.GetBytes(json), out LimitSet limits));
        return limits;
    }
}
