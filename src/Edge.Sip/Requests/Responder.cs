using System.Buffers.Text;
using Edge.Sip.CoreLink;
using Edge.Sip.Diagnostics;
using Edge.Sip.Parsing;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;

namespace Edge.Sip.Requests;

/// <summary>Writes and queues answers, and counts the refusals among them. One answer at a time on each thread.</summary>
internal sealed class Responder(SipOptions options, DigestChallenge challenge, EdgeClock clock, EdgeMetrics metrics, ILogger<Responder> logger)
{
    /// <summary>How long a client is asked to wait when no core can be reached. They come back by themselves soon.</summary>
    public const int RetryAfterSeconds = 5;

    [ThreadStatic]
    private static byte[]? _tag;

    [ThreadStatic]
    private static byte[]? _nonce;

    private readonly int _room = options.Limits.RequestLineBytes + options.Limits.HeaderBlockBytes + options.Limits.HeaderLineBytes + SipResponseWriter.ExtraBytes;

    /// <summary>Begins the answer to a request that is still in the receive buffer.</summary>
    public SipResponseWriter Begin(SipSession session, int status, in SipRequest request) =>
        new(Scratch.Bytes(_room), status, request, Origin(session));

    /// <summary>Begins the answer to a request of which only these lines were kept.</summary>
    public SipResponseWriter Begin(int status, byte[] lines) => new(Scratch.Bytes(_room), status, lines);

    /// <summary>What has to be kept of a request whose answer comes later.</summary>
    public byte[] Keep(SipSession session, in SipRequest request)
    {
        byte[] scratch = Scratch.Bytes(_room);
        return scratch.AsSpan(0, ResponseLines.Write(request, Origin(session), scratch)).ToArray();
    }

    /// <summary>Ends the answer and queues it.</summary>
    public void Send(SipSession session, int status, scoped ref SipResponseWriter answer)
    {
        int bytes = answer.Finish();
        if (bytes == 0) EdgeLog.AnswerNotWritten(logger, session.Flow, status);
        else session.Connection.Send(Scratch.Bytes(_room).AsSpan(0, bytes));
    }

    /// <summary>A refusal without anything to add.</summary>
    public void Refuse(SipSession session, in SipRequest request, int status, string cause)
    {
        Refused(session, status, cause);
        scoped SipResponseWriter answer = Begin(session, status, request);
        Send(session, status, ref answer);
    }

    /// <summary>503: no core can be asked.</summary>
    /// <param name="cause">What is in the way: no core (unavailable), or too much is under way already with it (core_busy), from this address or on this connection.</param>
    public void RefuseUnavailable(SipSession session, in SipRequest request, string cause = "unavailable")
    {
        Refused(session, 503, cause);
        scoped SipResponseWriter answer = Begin(session, 503, request);
        answer.AddRetryAfter(RetryAfterSeconds);
        Send(session, 503, ref answer);
    }

    /// <summary>503: the core was asked and did not answer in time.</summary>
    public void RefuseUnavailable(SipSession session, byte[] lines, uint retryAfterSeconds)
    {
        Refused(session, 503, "unavailable");
        scoped SipResponseWriter answer = Begin(503, lines);
        answer.AddRetryAfter(retryAfterSeconds == 0 ? RetryAfterSeconds : retryAfterSeconds);
        Send(session, 503, ref answer);
    }

    /// <summary>401 with a challenge for each algorithm on offer.</summary>
    public void Challenge(SipSession session, in SipRequest request, ICoreLink link, LinkSettings settings, bool stale)
    {
        Refused(session, 401, stale ? "stale" : "credentials");
        scoped SipResponseWriter answer = Begin(session, 401, request);
        AddChallenges(session, link, settings, stale, ref answer);
        Send(session, 401, ref answer);
    }

    /// <inheritdoc cref="Challenge(SipSession, in SipRequest, ICoreLink, LinkSettings, bool)"/>
    public void Challenge(SipSession session, byte[] lines, ICoreLink link, LinkSettings settings, bool stale)
    {
        Refused(session, 401, stale ? "stale" : "credentials");
        scoped SipResponseWriter answer = Begin(401, lines);
        AddChallenges(session, link, settings, stale, ref answer);
        Send(session, 401, ref answer);
    }

    /// <summary>Counts a refusal that is written elsewhere.</summary>
    public void Refused(SipSession session, int status, string cause)
    {
        metrics.RequestRefused(status, cause);
        EdgeLog.RequestRefused(logger, session.Flow, status, cause);
    }

    private static ResponseOrigin Origin(SipSession session)
    {
        _tag ??= new byte[16];
        _ = Utf8Formatter.TryFormat((ulong)Random.Shared.NextInt64(), _tag, out _, new System.Buffers.StandardFormat('x', 16));
        return new ResponseOrigin { Address = session.PeerAddress, Port = session.Connection.Peer.Port, ToTag = _tag };
    }

    private void AddChallenges(SipSession session, ICoreLink link, LinkSettings settings, bool stale, scoped ref SipResponseWriter answer)
    {
        byte[] nonce = _nonce ??= new byte[DigestChallenge.NonceChars];
        challenge.Write(nonce, settings.NonceKeys[0], link.Clock.ToCore(clock.NowMs), session.Flow);
        answer.AddChallenge(settings.DomainUtf8, nonce, "SHA-256"u8, stale);
        if (settings.OfferMd5) answer.AddChallenge(settings.DomainUtf8, nonce, "MD5"u8, stale);
    }
}
