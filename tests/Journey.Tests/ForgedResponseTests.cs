using System.Globalization;
using System.Text;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Responses to a MESSAGE from everybody but the phone that was sent it: none of them ends the message, and all are counted.</summary>
public class ForgedResponseTests(JourneySystem system)
{
    private const int EachMessage = 10_000;   // well within timer F, 32 s: the try under attack is the one the phone answers
    private const int EachWrite = 200;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    /// <summary>What would end the message, for better or worse, if it counted.</summary>
    private static readonly int[] Statuses = [200, 202, 415, 603];

    /// <summary>Forged responses in all: EDGE_FORGED=100000 is the full run.</summary>
    private static int Wanted => int.TryParse(Environment.GetEnvironmentVariable("EDGE_FORGED"), NumberStyles.None, CultureInfo.InvariantCulture, out int wanted) ? wanted : EachMessage;

    [Fact]
    [Spec("S18", "S25")]
    public async Task Responses_ForgedOnOtherConnections_RemoveNothingAndAreCounted()
    {
        Account alice = await system.NewAccountAsync("alice"), bob = await system.NewAccountAsync("bob"), mallory = await system.NewAccountAsync("mallory");
        await using SipClient otherPhone = await system.RegisteredAsync(bob);
        await using SipClient sender = await system.RegisteredAsync(alice);
        await using SipClient stranger = await system.RegisteredAsync(mallory);
        await using SipClient phone = await system.RegisteredAsync(bob);   // the newest registration: this one is delivered to
        phone.Answer = _ => 0;
        double counted = await IgnoredAsync();

        int left = Wanted, messages = 0;
        while (left > 0)
        {
            Guid id = Guid.NewGuid();
            await system.Api(alice).SendAsync(id, bob.User, "in flight");
            SipText request = (await phone.ReceiveAsync(1))[0];
            int count = Math.Min(left, EachMessage);
            SipClient[] forgers = [otherPhone, sender, stranger];
            await Task.WhenAll(forgers.Select((forger, i) => ForgeAsync(forger, request, (count / forgers.Length) + (i < count % forgers.Length ? 1 : 0))));

            Assert.Equal("ENQUEUED", (await system.Api(alice).GetAsync(id)).State);
            Assert.Equal(200, (await phone.RequestAsync(phone.PlainText("OPTIONS"))).Status);
            await phone.RespondAsync(request, 200);
            await system.Api(alice).UntilStateAsync(id, "DELIVERED", Soon);
            left -= count;
            messages++;
        }

        Assert.Equal(messages, phone.Received.Count);   // one try each: nothing was put back either
        Assert.All((SipClient[])[otherPhone, sender, stranger], forger => Assert.Empty(forger.Received));
        await Wait.UntilAsync(async () => await IgnoredAsync() >= counted + Wanted, Soon, "all are counted");   // the page may be one of a moment ago
        Assert.Equal(counted + Wanted, await IgnoredAsync());
    }

    /// <summary>Sends so many and waits until the edge has read them all. Responses are never answered, so nothing comes back that could block.</summary>
    private static async Task ForgeAsync(SipClient forger, SipText request, int count)
    {
        StringBuilder several = new();
        for (int i = 0; i < count; i++)
        {
            several.Append(Forged(request, i));
            if ((i + 1) % EachWrite != 0 && i + 1 < count) continue;
            await forger.WriteAsync(Encoding.UTF8.GetBytes(several.ToString()));
            several.Clear();
        }

        Assert.Equal(200, (await forger.RequestAsync(forger.PlainText("OPTIONS"))).Status);   // read in order: what was sent before has been judged
    }

    /// <summary>Every second one is what the phone itself would answer, to the byte; the others vary what somebody may hope is not looked at.</summary>
    private static string Forged(SipText request, int number)
    {
        int status = Statuses[number % Statuses.Length];
        string via = $"Via: {request["Via"]}\r\n", from = request["From"], to = $"{request["To"]};tag=forged", callId = request["Call-ID"], cseq = request["CSeq"], more = string.Empty;
        switch (number / Statuses.Length % 14)
        {
            case 1:
                to = request["To"];
                break;
            case 3:
                via += "Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bKmore\r\n";
                break;
            case 5:
                via = $"Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bK{number:x}\r\n";
                break;
            case 7:
                callId = $"{number:x}.{callId}";
                break;
            case 9:
                cseq = $"{number + 2} MESSAGE";
                break;
            case 11:
                (from, to) = (request["To"], request["From"]);
                break;
            case 13:
                more = $"Contact: <sip:forged@127.0.0.1:9>\r\nRequire: outbound\r\nX-Edge-Message-Id: {Guid.Empty}\r\n";
                break;
            default:
                break;
        }

        return $"SIP/2.0 {status} Answer\r\n{via}From: {from}\r\nTo: {to}\r\nCall-ID: {callId}\r\nCSeq: {cseq}\r\n{more}Content-Length: 0\r\n\r\n";
    }

    private Task<double> IgnoredAsync() => system.MetricAsync(system.EdgeMetricsPort, "edge_responses_ignored_total");
}

/// <summary>The same over the portable transport.</summary>
public sealed class ForgedResponseOnPortableTests(PortableSystem system) : ForgedResponseTests(system), IClassFixture<PortableSystem>;
