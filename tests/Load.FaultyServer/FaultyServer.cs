using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Testing.Shared.Sip;

namespace Load.FaultyServer;

/// <summary>
/// A SIP/TLS server for the tests of the load kit: it registers everybody, accepts every MESSAGE and delivers it, and does wrong exactly what its plan says,
/// keeping the ids. In memory, without rules: what it does right is only what the kit looks at.
/// </summary>
public sealed class FaultyServer : IAsyncDisposable
{
    private static readonly TimeSpan SwapAfter = TimeSpan.FromMilliseconds(500);   // whoever sends now has seen what was accepted then
    private static readonly TimeSpan LateBy = TimeSpan.FromSeconds(3);

    private readonly FaultPlan _plan;
    private readonly TcpListener _listener;
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, Mailbox> _mailboxes = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Planted> _planted = new();
    private readonly Task _accepting;
    private int _messages;
    private volatile Func<string, bool>? _shutOut;

    /// <param name="certificate">With its key.</param>
    /// <param name="port">0: any.</param>
    public FaultyServer(FaultPlan plan, X509Certificate2 certificate, int port = 0)
    {
        (_plan, _certificate) = (plan, certificate);
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start(1_024);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What it has done wrong.</summary>
    public IReadOnlyCollection<Planted> Planted => _planted;

    /// <summary>Messages it has accepted.</summary>
    public int Messages => Volatile.Read(ref _messages);

    /// <summary>Ends the connections of these users and lets them not in again, until it is called anew; null: everybody may come.</summary>
    public void ShutOut(Func<string, bool>? users)
    {
        _shutOut = users;
        if (users is null) return;
        foreach ((string user, Mailbox mailbox) in _mailboxes)
        {
            if (users(user)) mailbox.Cut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient tcp)
    {
        using TcpClient client = tcp;
        client.NoDelay = true;
        using SslStream tls = new(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stopping.Token);
            Peer peer = new(tls);
            await foreach (SipText message in peer.ReadAsync(_stopping.Token)) await TakeAsync(peer, message);
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException or ObjectDisposedException)
        {
            return;
        }
    }

    private async Task TakeAsync(Peer peer, SipText message)
    {
        if (message.Method == "REGISTER")
        {
            if (_shutOut?.Invoke(UserOf(message["To"])) == true)
            {
                peer.Cut();
                return;
            }

            if (_plan.Refuses?.Invoke(UserOf(message["To"])) == true)
            {
                await peer.AnswerAsync(message, 403, string.Empty);
                return;
            }

            bool challenged = message["Authorization"].Length > 0;
            await peer.AnswerAsync(message, challenged ? 200 : 401, challenged
                ? $"Contact: {message["Contact"]};expires=3600\r\nRequire: outbound\r\nFlow-Timer: 120\r\n"
                : "WWW-Authenticate: Digest realm=\"example.test\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n");
            if (challenged) await MailboxOf(UserOf(message["To"])).OpenAsync(peer);
        }
        else if (message.Method == "MESSAGE")
        {
            Guid id = Guid.NewGuid();
            int number = Interlocked.Increment(ref _messages);
            // In its place before anybody can know of it: what is sent after the answer comes behind it.
            await DeliverAsync(UserOf(message["To"]), new Stored(id, UserOf(message["From"]), message.Body, DateTimeOffset.UtcNow), FaultOf(number));
            if (_plan.AnswerAfter == TimeSpan.Zero) await AnswerAsync();
            else _ = UntilStoppedAsync(async () =>
            {
                await Task.Delay(_plan.AnswerAfter, _stopping.Token);
                await AnswerAsync();
            });

            Task AnswerAsync() => peer.AnswerAsync(message, 202, $"X-Edge-Message-Id: {id}\r\n");
        }
    }

    private Fault? FaultOf(int number) =>
        _plan.Every > 0 && _plan.Faults.Count > 0 && number % (_plan.Every / _plan.Faults.Count) == 0 ? _plan.Faults[number / (_plan.Every / _plan.Faults.Count) % _plan.Faults.Count] : null;

    private async Task DeliverAsync(string recipient, Stored message, Fault? fault)
    {
        Mailbox mailbox = MailboxOf(recipient);
        switch (fault)
        {
            case Fault.Drop:
                Plant(Fault.Drop, message.Id);
                break;
            case Fault.RepeatUnderNewId:
                Stored again = message with { Id = Guid.NewGuid() };
                await mailbox.PutAsync(message);
                await mailbox.PutAsync(again);
                Plant(Fault.RepeatUnderNewId, message.Id, again.Id);
                break;
            case Fault.Duplicate:
                await mailbox.PutAsync(message);
                await mailbox.PutAsync(message);
                Plant(Fault.Duplicate, message.Id);
                break;
            case Fault.Keep:
                await mailbox.PutAsync(message with { IsKept = true });
                Plant(Fault.Keep, message.Id);
                break;
            case Fault.Swap:
                _ = UntilStoppedAsync(() => mailbox.HoldAsync(message, 6 * SwapAfter, _stopping.Token));
                break;
            case Fault.Late:
                Plant(Fault.Late, message.Id);
                _ = UntilStoppedAsync(async () =>
                {
                    await Task.Delay(_plan.Validity + LateBy, _stopping.Token);
                    await mailbox.PutAsync(message);
                });
                break;
            case Fault.Alter:
                byte[] altered = [.. message.Text];
                altered[^1] ^= 1;
                await mailbox.PutAsync(message with { Text = altered });
                Plant(Fault.Alter, message.Id);
                break;
            case Fault.Misdeliver when _mailboxes.Keys.FirstOrDefault(user => user != recipient) is { } other:
                await MailboxOf(other).PutAsync(message);
                Plant(Fault.Misdeliver, message.Id);
                break;
            default:
                if (await mailbox.PutAsync(message, SwapAfter) is var overtaken && overtaken != default) Plant(Fault.Swap, overtaken, message.Id);
                break;
        }
    }

    private static async Task UntilStoppedAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or ObjectDisposedException)
        {
            return;
        }
    }

    private void Plant(Fault fault, Guid id, Guid? other = null) => _planted.Enqueue(new Planted(fault, id, other));

    private Mailbox MailboxOf(string user) => _mailboxes.GetOrAdd(user, static (name, plan) => new Mailbox(name, plan.Validity), _plan);

    private static string UserOf(string header)
    {
        int from = header.IndexOf("sip:", StringComparison.Ordinal) + 4;
        return header[from..header.IndexOf('@', StringComparison.Ordinal)];
    }
}

/// <summary>A message that was accepted.</summary>
internal sealed record Stored(Guid Id, string Sender, byte[] Text, DateTimeOffset AcceptedAt)
{
    /// <summary>Stays in the mailbox whatever is delivered.</summary>
    public bool IsKept { get; init; }

    /// <summary>As it is delivered.</summary>
    public byte[] ToBytes(string recipient, TimeSpan validity) =>
    [
        .. Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"MESSAGE sip:{recipient}@127.0.0.1:9;transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{Guid.NewGuid():N}\r\nMax-Forwards: 70\r\nFrom: <sip:{Sender}@example.test>;tag=1\r\nTo: <sip:{recipient}@example.test>\r\nCall-ID: {Id}.1@example.test\r\nCSeq: 1 MESSAGE\r\nDate: {AcceptedAt:R}\r\nExpires: {(long)validity.TotalSeconds}\r\nX-Edge-Message-Id: {Id}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Text.Length}\r\n\r\n")),
        .. Text,
    ];
}
