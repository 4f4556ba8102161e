using System.Diagnostics;
using System.Text;
using Fuzz.Mutation;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests.Hostile;

/// <summary>A client that sends changed messages, and finds out after each whether the edge still reads its connection, or has ended it.</summary>
/// <remarks>Behind each message goes an OPTIONS. Where the message has swallowed it, as one with a longer Content-Length does, line ends go behind that until any body is full, and another OPTIONS.</remarks>
internal sealed class MutatedPeer(JourneySystem system, IReadOnlyList<Account> accounts, Account recipient, IReadOnlyList<byte[]> corpus) : IAsyncDisposable
{
    /// <summary>The edge answers, or ends the connection, within this.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromMilliseconds(100);

    private const int MostOnAConnection = 40;
    private const int TimesAgain = 3;

    private static readonly TimeSpan Swallowed = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly byte[] Fill = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("\r\n", 4_200)));   // more than the longest body

    private readonly Dictionary<string, MessageMutator> _mutators = [];
    private SipClient? _client;
    private Account _account = accounts[0];
    private int _onConnection;
    private int _options;

    /// <summary>How long the edge took for each message.</summary>
    public List<double> Milliseconds { get; } = [];

    /// <summary>Connections that the edge has ended.</summary>
    public int Ended { get; private set; }

    /// <summary>Messages that took too long each of several times.</summary>
    public List<ulong> Hangs { get; } = [];

    /// <summary>Makes a message by the seed and its number alone, account and registration of a new connection too; what the edge itself says into it, nonces and tags, is new each time.</summary>
    /// <exception cref="TimeoutException">The edge neither answers nor ends the connection.</exception>
    public async Task SendAsync(ulong seed, ulong number)
    {
        for (int time = 0; ; time++)
        {
            if (_client is null || _client.Closed.IsCompleted || _onConnection++ >= MostOnAConnection) await ConnectAsync(new Dice(seed, ~number));
            Dice dice = new(seed, number);
            byte[] message = dice.OneIn(4) ? Live(ref dice) : Mutator().Next(ref dice).ToArray();
            TimeSpan took = await ExchangeAsync(message, $"{seed}-{number}");
            if (took <= Hang)
            {
                Milliseconds.Add(took.TotalMilliseconds);
                return;
            }

            if (time == TimesAgain)
            {
                Save(message, $"{seed}-{number}");
                Hangs.Add(number);
                return;
            }

            await CloseAsync();   // the same again: what the machine was slow with is not slow each time
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    /// <summary>What this client would say just now, changed.</summary>
    private byte[] Live(ref Dice dice)
    {
        string text = dice.Next(3) switch
        {
            0 => _client!.RegisterText(3_600, null, null),
            1 => _client!.MessageText(recipient.User, "changed", callId: $"c{dice.Next():x}"),
            _ => _client!.PlainText("OPTIONS"),
        };
        return Mutator().Change(Encoding.UTF8.GetBytes(text), ref dice).ToArray();
    }

    private MessageMutator Mutator()
    {
        if (_mutators.TryGetValue(_account.User, out MessageMutator? mutator)) return mutator;
        byte[][] seeds = [.. corpus.Select(seed => Encoding.Latin1.GetBytes(
            Encoding.Latin1.GetString(seed).Replace("sip:bob@", $"sip:{_account.User}@", StringComparison.Ordinal).Replace("sip:alice@", $"sip:{recipient.User}@", StringComparison.Ordinal)))];
        return _mutators[_account.User] = new MessageMutator(seeds);
    }

    /// <returns>The file that a find is kept in.</returns>
    private static string Save(byte[] message, string name)
    {
        string file = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "finds")).FullName, $"over-tls-{name}.sip");
        File.WriteAllBytes(file, message);
        return file;
    }

    private async Task<TimeSpan> ExchangeAsync(byte[] message, string name)
    {
        long began = Stopwatch.GetTimestamp();
        if (!await TryWriteAsync([.. message, .. Options(out string first)]) || await AnsweredAsync(first, Swallowed)) return Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        if (!await TryWriteAsync([.. Fill, .. Options(out string second)])) return Stopwatch.GetElapsedTime(began);
        if (!await AnsweredAsync(second, Patience)) throw new TimeoutException($"the edge neither answers nor ends the connection after {Save(message, name)}:\n{Encoding.Latin1.GetString(message)}");
        return Stopwatch.GetElapsedTime(began);
    }

    private byte[] Options(out string callId)
    {
        callId = $"o{++_options}";
        return Encoding.ASCII.GetBytes(
            $"OPTIONS sip:{JourneySystem.Domain} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKo{_options}\r\nMax-Forwards: 70\r\nFrom: <sip:o@{JourneySystem.Domain}>;tag=1\r\n"
            + $"To: <sip:{JourneySystem.Domain}>\r\nCall-ID: {callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    }

    /// <returns>Whether the edge answered that OPTIONS, or ended the connection.</returns>
    private async Task<bool> AnsweredAsync(string callId, TimeSpan patience)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            while (_client!.TryTakeResponse(out SipText response))
            {
                if (response["Call-ID"] == callId) return true;
            }

            if (_client.Closed.IsCompleted)
            {
                Ended++;
                return true;
            }

            TimeSpan left = patience - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) return false;
            await _client.SeesResponseAsync(left);
        }
    }

    private async Task<bool> TryWriteAsync(byte[] bytes)
    {
        try
        {
            await _client!.WriteAsync(bytes);
            return true;
        }
        catch (IOException)
        {
            Ended++;
            return false;   // ended meanwhile
        }
    }

    private async Task ConnectAsync(Dice dice)
    {
        await CloseAsync();
        _account = accounts[dice.Next(accounts.Count)];
        _client = await system.ConnectedAsync(_account);
        _onConnection = 0;
        if (!dice.OneIn(4)) await _client.RegisterAsync();   // whatever is answered: changed digests use up its failures
    }

    private async Task CloseAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        _client = null;
    }
}
