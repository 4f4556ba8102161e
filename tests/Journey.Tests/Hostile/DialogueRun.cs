using System.Text;
using System.Threading.Channels;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests.Hostile;

/// <summary>Goes through a dialogue of two phones with the edge, and holds the edge to what it must answer and must keep.</summary>
internal sealed class DialogueRun(JourneySystem system, Account[] accounts)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly int[] Alike = [200, 200, 200, 202, 480, 486, 404, 482, 500, 503, 488, 603];

    private readonly SipClient?[] _phones = new SipClient?[2];
    private readonly bool[] _registered = new bool[2];
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly List<byte[]> _changed = [];   // requests with changed bytes, which may hold another text
    private readonly List<(int Sender, Guid Id)> _accepted = [];
    private int _sent;

    public async Task GoAsync(IEnumerable<DialogueStep> steps)
    {
        try
        {
            foreach (DialogueStep step in steps) await StepAsync(step);
            await EndAsync();
        }
        finally
        {
            foreach (SipClient? phone in _phones)
            {
                if (phone is not null) await phone.DisposeAsync();
            }
        }
    }

    private async Task StepAsync(DialogueStep step)
    {
        SipClient phone = await PhoneAsync(step.Phone);
        string peer = accounts[1 - step.Phone].User;
        switch (step.Act)
        {
            case Act.Register:
                await RegisterAsync(phone, step);
                break;
            case Act.RegisterWithWrongPassword:
                (string right, phone.Password) = (phone.Password, "wrong");
                SipText first = await phone.RequestAsync(phone.RegisterText(3_600, null, null));
                if (first.Status == 401) Assert.Contains((await phone.RequestAsync(phone.RegisterText(3_600, null, phone.Authorization(first, "REGISTER", $"sip:{JourneySystem.Domain}")))).Status, (int[])[401, 403]);
                phone.Password = right;
                break;
            case Act.Refresh:
                await AskAsync(step, phone.RegisterText(60 + (int)(step.Number % 3_600), null, null), _registered[step.Phone] ? [200] : [401]);
                break;
            case Act.Unregister:
                int[] unregistered = _registered[step.Phone] ? [200] : [401];
                if (await AskAsync(step, phone.RegisterText(0, null, null), unregistered) == 200) _registered[step.Phone] = false;
                break;
            case Act.Send or Act.SendTwice:
                string text = Text();
                string message = phone.MessageText(peer, text);
                await SendAsync(step, message);
                if (step.Act == Act.SendTwice && step.IsWhole) await SendAsync(step, message);   // the same one: no second message
                break;
            case Act.SendWrapped:
                string wrapped = $"From: <sip:x@y>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m{step.Number}{_sent}\r\nimdn.Disposition-Notification: positive-delivery\r\n\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{Text()}";
                await SendAsync(step, phone.MessageText(peer, wrapped, "message/cpim"));
                break;
            case Act.Options:
                await AskAsync(step, phone.PlainText("OPTIONS"), [200]);
                break;
            case Act.Ping:
                int pongs = phone.Keepalives.Count;
                await phone.WriteAsync("\r\n\r\n"u8.ToArray());
                await Wait.UntilAsync(() => Task.FromResult(phone.Keepalives.Count > pongs || phone.Closed.IsCompleted), Soon, "pong");
                break;
            case Act.OutsideAnyDialog:
                string method = ((string[])["BYE", "CANCEL", "INVITE", "SUBSCRIBE", "NOTIFY", "NOVELTY"])[step.Number % 6];
                await AskAsync(step, phone.PlainText(method), [481, 405, 501]);
                break;
            case Act.AnswerAlike:
                int status = Alike[step.Number % (uint)Alike.Length];
                phone.Answer = _ => status;
                break;
            case Act.AnswerNothing:
                phone.Answer = _ => 0;
                break;
            case Act.AnswerNow when phone.Received.LastOrDefault() is { } last:
                await TryWriteAsync(phone, () => phone.RespondAsync(last, Alike[step.Number % (uint)Alike.Length]));   // late, or once more, or with another status
                break;
            case Act.Forge when phone.Received.LastOrDefault() is { } seen && _phones[1 - step.Phone] is { } other:
                await TryWriteAsync(other, () => other.RespondAsync(seen, 200));   // on the other phone's connection it counts for nothing
                break;
            case Act.Leave:
                if (await AskAsync(step with { Twist = Twist.None }, phone.RegisterText(0, null, null), [200, 401]) != 0) await DropAsync(step.Phone);
                break;
            case Act.Vanish:
                await DropAsync(step.Phone);
                break;
            default:
                break;   // nothing to answer
        }
    }

    private string Text()
    {
        string text = $"text {++_sent} of the dialogue";
        _texts.Add(text);
        return text;
    }

    private async Task RegisterAsync(SipClient phone, DialogueStep step)
    {
        SipText answer = await phone.RequestAsync(phone.RegisterText(3_600, null, null));
        if (answer.Status == 401)
        {
            // With the wrong password before it, the account may have to wait: 403 is right then.
            if (await AskAsync(step, phone.RegisterText(3_600, null, phone.Authorization(answer, "REGISTER", $"sip:{JourneySystem.Domain}")), [200, 403]) == 200) _registered[step.Phone] = true;
            return;
        }

        Assert.Equal(200, answer.Status);
    }

    private async Task SendAsync(DialogueStep step, string message)
    {
        int[] expected = _registered[step.Phone] ? [202, 480] : [401];
        (int status, SipText? answer) = await ExchangeAsync(step, message, expected);
        if (status == 202) _accepted.Add((step.Phone, Guid.Parse(answer!["X-Edge-Message-Id"])));
    }

    private async Task<int> AskAsync(DialogueStep step, string request, int[] expected) => (await ExchangeAsync(step, request, expected)).Status;

    /// <summary>Writes a request as the step twists it. One that stays whole has one of the expected answers; of the others it is only asked that the edge goes on.</summary>
    /// <returns>0 if there was no answer.</returns>
    private async Task<(int Status, SipText? Answer)> ExchangeAsync(DialogueStep step, string request, int[] expected)
    {
        SipClient phone = _phones[step.Phone]!;
        IReadOnlyList<byte[]> pieces = Twists.Apply(request, step.Twist, step.Number);
        if (step.Twist == Twist.ChangeBytes) _changed.AddRange(pieces);
        foreach (byte[] piece in pieces) await TryWriteAsync(phone, () => phone.WriteAsync(piece));
        if (step.IsWhole)
        {
            SipText answer = await phone.ResponseAsync();
            Assert.Contains(answer.Status, expected);
            return (answer.Status, answer);
        }

        // Another request, perhaps none, perhaps half of one: what came of it is not known, so the connection is of no more use. It must not take others with it.
        await phone.SeesResponseAsync(TimeSpan.FromMilliseconds(20));
        SipText? seen = null;
        while (phone.TryTakeResponse(out SipText response)) seen = response;
        await DropAsync(step.Phone);
        return seen is { Status: 202 } && seen["X-Edge-Message-Id"].Length > 0 ? (202, seen) : (0, null);
    }

    private async Task<SipClient> PhoneAsync(int which)
    {
        if (_phones[which] is { } there && !there.Closed.IsCompleted) return there;
        Assert.True(_phones[which] is null, "the edge ended a connection on which nothing was wrong");
        SipClient phone = await system.ConnectedAsync(accounts[which]);
        _phones[which] = phone;
        return phone;
    }

    private async Task DropAsync(int which)
    {
        Keep(which);
        if (_phones[which] is { } phone) await phone.DisposeAsync();
        _phones[which] = null;
        _registered[which] = false;
    }

    /// <summary>No text may come that nobody sent, and nobody's but the other one's.</summary>
    private void Keep(int which)
    {
        foreach (SipText message in _phones[which]?.Received ?? [])
        {
            Assert.Contains(accounts[which].User, message["To"], StringComparison.Ordinal);
            if (message["Content-Type"].StartsWith("text/plain", StringComparison.Ordinal))
            {
                Assert.True(_texts.Contains(message.Text) || _changed.Exists(bytes => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(message.Text)) >= 0), $"a text that nobody sent: {message.Text}");
                Assert.Contains(accounts[1 - which].User, message["From"], StringComparison.Ordinal);
            }
        }
    }

    private static async Task TryWriteAsync(SipClient phone, Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException && phone.Closed.IsCompleted)
        {
            // the edge ended it for what was written before
        }
    }

    /// <summary>Whether it is registered now. That wait may be longer than a connection without a registration is borne.</summary>
    private async Task<bool> ComesBackAsync(int which)
    {
        try
        {
            _phones[which] ??= await system.ConnectedAsync(accounts[which]);
            return (await _phones[which]!.RegisterAsync()).Status == 200;
        }
        catch (Exception ended) when (ended is ChannelClosedException or IOException or ObjectDisposedException)
        {
            await DropAsync(which);
            return false;
        }
    }

    /// <summary>Both phones come anew and answer as phones do: every accepted message reaches its end, and none is lost.</summary>
    private async Task EndAsync()
    {
        for (int which = 0; which < 2; which++)
        {
            int phone = which;
            await DropAsync(phone);
            await Wait.UntilAsync(() => ComesBackAsync(phone), TimeSpan.FromSeconds(70), "a phone that knows its password registers, after the wait that wrong ones have earned");
        }

        foreach ((int sender, Guid id) in _accepted.Distinct())
        {
            string state = string.Empty;
            await Wait.UntilAsync(async () => (state = (await system.Api(accounts[sender]).GetAsync(id)).State) is "DELIVERED" or "INVALID_DEVICE", Soon, $"message {id} has an end; it is {state}");
        }

        for (int which = 0; which < 2; which++) Keep(which);
    }
}
