using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests.Hostile;

/// <summary>Everything at once from one address: REGISTERs with wrong passwords, MESSAGEs far above the sender's rate, header floods and garbage, each over and over.</summary>
internal sealed class Flood(JourneySystem system, IPAddress from, Account flooder, Account victim)
{
    private const int OfEachKind = 4;
    private const int MessagesAtOnce = 20;

    /// <summary>Between two of one connection: what this machine has to do for a flood is not to be what is measured.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly byte[] HeaderFlood = Encoding.ASCII.GetBytes("OPTIONS sip:example.test SIP/2.0\r\n" + string.Concat(Enumerable.Range(0, 2_000).Select(static i => $"X-{i}: {new string('y', 80)}\r\n")));

    private long _registers;
    private long _messages;
    private long _garbage;
    private long _refused;

    /// <summary>Floods until it is told to stop.</summary>
    public Task GoAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, OfEachKind).SelectMany(_ => (Task[])[RepeatAsync(RegisterAsync, stop), RepeatAsync(MessagesAsync, stop), RepeatAsync(GarbageAsync, stop)]));

    public override string ToString() => $"{_registers} REGISTERs with wrong passwords, {_messages} MESSAGEs, {_garbage} connections of garbage and header floods, {_refused} connections refused or cut";

    private async Task RepeatAsync(Func<CancellationToken, Task> once, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
            deadline.CancelAfter(Patience);
            try
            {
                await once(deadline.Token);
                await Task.Delay(Pause, stop);
            }
            catch (OperationCanceledException)
            {
                // the end, or an answer that the edge owes nobody
            }
            catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException or System.Threading.Channels.ChannelClosedException or System.Security.Authentication.AuthenticationException)
            {
                Interlocked.Increment(ref _refused);
            }
        }
    }

    private async Task RegisterAsync(CancellationToken deadline)
    {
        await using SipClient guesser = await system.ConnectedAsync(victim with { Password = "guess" }, from);
        for (int i = 0; i < 5 && !deadline.IsCancellationRequested; i++)
        {
            await guesser.RegisterAsync();
            Interlocked.Increment(ref _registers);
        }
    }

    private async Task MessagesAsync(CancellationToken deadline)
    {
        await using SipClient sender = await system.ConnectedAsync(flooder, from);
        await sender.RegisterAsync();
        while (!deadline.IsCancellationRequested)
        {
            await sender.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, MessagesAtOnce).Select(_ => sender.MessageText(victim.User, "flood")))));
            for (int i = 0; i < MessagesAtOnce; i++) await sender.ResponseAsync();
            Interlocked.Add(ref _messages, MessagesAtOnce);
            await Task.Delay(Pause, deadline);
        }
    }

    private async Task GarbageAsync(CancellationToken deadline)
    {
        Interlocked.Increment(ref _garbage);
        await using SslStream tls = await BadPeer.ConnectAsync(system.SipPort, from, deadline);
        await tls.WriteAsync(RandomNumberGenerator.GetInt32(2) == 0 ? RandomNumberGenerator.GetBytes(4_096) : HeaderFlood, deadline);
        byte[] answer = new byte[4_096];
        while (await tls.ReadAsync(answer, deadline) > 0)
        {
        }
    }
}
