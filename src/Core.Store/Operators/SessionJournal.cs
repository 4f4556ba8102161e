using System.Text;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Operators;

/// <summary>The session log of an account: a list in Redis that <c>register.lua</c> and <c>unregister.lua</c> add to in the step that binds or unbinds.</summary>
/// <remarks>
/// An event is a letter (C: connected and registered, R: registered, E: ended) and, sealed for the account: time (8), epoch (8), flow (8), edge; of a registration
/// connected (8), address, user agent, TLS version, cipher suite; of an end 1 if the client asked for it, and the reason. Texts carry their length in front.
/// </remarks>
internal sealed class SessionJournal(RedisConnection redis, JournalCipher cipher, TimeProvider time)
{
    /// <summary>Kept of an account.</summary>
    public const int MostEvents = 100;

    /// <summary>For how long, after the last.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const int MostTextCharacters = 128;

    /// <summary>An event for <c>register.lua</c>.</summary>
    public byte[] Registered(AccountName account, FlowId flow, ClientSession client) => Seal(account, flow, line =>
    {
        line.Write(client.Connected.ToUnixTimeMilliseconds());
        foreach (string text in (ReadOnlySpan<string>)[client.Address, client.UserAgent, client.TlsVersion, client.CipherSuite]) line.Write(Cut(text));
    });

    /// <summary>An event for <c>unregister.lua</c>.</summary>
    public byte[] Ended(AccountName account, FlowId flow, SessionEnd end) => Seal(account, flow, line =>
    {
        line.Write(end.ByClient);
        line.Write(Cut(end.Reason));
    });

    /// <summary>Notes what a new password ended: its script has taken the bindings away before anybody unregisters.</summary>
    /// <param name="bindings">As <c>bindings.lua</c> writes them.</param>
    public async Task NoteRevokedAsync(AccountName account, string bindings)
    {
        foreach (string line in bindings.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (BindingLine.Flow(line) is not { } flow) continue;
            byte[] value = [(byte)'E', .. Ended(account, flow, new SessionEnd(ByClient: false, "revoked"))];
            await redis.Database.ListRightPushAsync(RedisKeys.Sessions(account), value, When.Exists).ConfigureAwait(false);
        }
    }

    /// <summary>The log, newest first; what does not open is left out.</summary>
    public async Task<IReadOnlyList<SessionEvent>> ReadAsync(AccountName account)
    {
        RedisValue[] lines = await redis.Database.ListRangeAsync(RedisKeys.Sessions(account)).ConfigureAwait(false);
        DateTimeOffset oldest = time.GetUtcNow() - Lifetime;
        List<SessionEvent> events = new(lines.Length + 4);
        Dictionary<FlowId, ClientSession> clients = [];
        foreach (RedisValue line in lines)
        {
            ReadOnlySpan<byte> value = ((ReadOnlyMemory<byte>)line).Span;
            if (value.Length > 0 && cipher.Open(value[1..], account.Handle) is { } plain) Read((char)value[0], plain, events, clients);
        }

        events.RemoveAll(one => one.Time < oldest);
        if (events.Count > MostEvents) events.RemoveRange(0, events.Count - MostEvents);
        events.Reverse();
        return events;
    }

    private static void Read(char letter, byte[] plain, List<SessionEvent> events, Dictionary<FlowId, ClientSession> clients)
    {
        using BinaryReader line = new(new MemoryStream(plain), Encoding.UTF8);
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(line.ReadInt64());
        (long epoch, ulong number) = (line.ReadInt64(), line.ReadUInt64());
        FlowId flow = new(line.ReadString(), epoch, number);
        if (letter == 'E')
        {
            SessionEventKind kind = line.ReadBoolean() ? SessionEventKind.Unregister : SessionEventKind.Disconnect;
            events.Add(new SessionEvent(kind, at, flow, clients.GetValueOrDefault(flow), line.ReadString()));
            return;
        }

        DateTimeOffset connected = DateTimeOffset.FromUnixTimeMilliseconds(line.ReadInt64());
        ClientSession client = clients[flow] = new(line.ReadString(), line.ReadString(), line.ReadString(), line.ReadString(), connected);
        if (letter == 'C') events.Add(new SessionEvent(SessionEventKind.Connect, connected, flow, client, string.Empty));
        events.Add(new SessionEvent(SessionEventKind.Register, at, flow, client, string.Empty));
    }

    private byte[] Seal(AccountName account, FlowId flow, Action<BinaryWriter> rest)
    {
        using MemoryStream plain = new(256);
        using BinaryWriter line = new(plain, Encoding.UTF8);
        line.Write(time.GetUtcNow().ToUnixTimeMilliseconds());
        line.Write(flow.Epoch);
        line.Write(flow.Flow);
        line.Write(flow.EdgeId);
        rest(line);
        return cipher.Seal(plain.GetBuffer().AsSpan(0, (int)plain.Length), account.Handle);
    }

    private static string Cut(string text) => text.Length <= MostTextCharacters ? text : text[..MostTextCharacters];
}
