using Edge.Link.V1;
using Edge.Sip;
using Edge.Sip.CoreLink;
using Google.Protobuf;

namespace Fuzz.Offline;

/// <summary>The only link, to a core that grants every registration and takes every message once it is asked to answer.</summary>
internal sealed class OfflineLink(EdgeClock clock) : ICoreLink, ICoreLinks
{
    private readonly List<(EdgeEvent Request, PendingAnswer Pending)> _asked = [];

    public bool IsUp => true;

    public LinkSettings Settings { get; } = new(new Welcome
    {
        Epoch = 7,
        Domain = "example.test",
        NonceKeys = new NonceKeys { Keys = { ByteString.CopyFrom(new byte[32]) } },
        OfferMd5 = true,
        MinExpiresSeconds = 60,
        MaxExpiresSeconds = 3_600,
    });

    public CoreClock Clock { get; } = new();

    /// <summary>What was asked and is not answered.</summary>
    public int Asked => _asked.Count;

    public bool Post(EdgeEvent happened) => true;

    public bool PostSoon(EdgeEvent happened) => true;

    public bool Ask(EdgeEvent request, PendingAnswer pending)
    {
        _asked.Add((request, pending));
        return true;
    }

    public ICoreLink? Pick(ReadOnlySpan<byte> user) => this;

    public void Report(DeliveryReport report, ICoreLink origin)
    {
    }

    public void Unregister(ulong flow, string user, bool byClient, string reason)
    {
    }

    public void UnregisterStray(ulong flow, string user, ICoreLink origin)
    {
    }

    public bool ForgetUnregister(ulong flow, string user) => false;

    /// <summary>The oldest question, with what waits for its answer.</summary>
    public bool TryTake(out EdgeEvent request, out PendingAnswer pending)
    {
        bool any = _asked.Count > 0;
        (request, pending) = any ? _asked[0] : default;
        if (any) _asked.RemoveAt(0);
        return any;
    }

    /// <summary>Answers everything that was asked.</summary>
    public void AnswerAll()
    {
        while (TryTake(out EdgeEvent request, out PendingAnswer pending))
        {
            if (request.Register is { } register)
            {
                pending.Answered(new Registered
                {
                    Outcome = RegisterOutcome.Bound,
                    Ticket = ByteString.CopyFromUtf8("ticket"),
                    TicketExpireTimeMs = clock.NowMs + 86_400_000,
                    Page = new Page { Flow = register.Flow, User = register.User },
                });
            }
            else
            {
                pending.Answered(new Submitted { MessageId = "00000000-0000-4000-8000-000000000001" });
            }
        }
    }

    public void Forget() => _asked.Clear();
}
