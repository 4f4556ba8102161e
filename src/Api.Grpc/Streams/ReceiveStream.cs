using System.Threading.Channels;
using Api.Grpc.Diagnostics;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Edge.Messages.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Api.Grpc.Streams;

/// <summary>One receiving client: reads acknowledgements, writes messages in order within a window, keeps the registration and fails what is not acknowledged.</summary>
/// <remarks>
/// It reads on from what it has sent when it is woken or room came, and from the beginning every 2 seconds: what has failed is in no other page. While another
/// registration of the account is newer the store gives it nothing (spec, "Several devices").
/// </remarks>
internal sealed class ReceiveStream(
    ClientStream stream, FlowId flow, string device, IMessageStore store, ReceiveFlows flows, ReceiveToken tokens,
    CoreMetrics metrics, TimeProvider time, ILogger logger, ClientSession session) : IDisposable
{
    /// <summary>Acknowledgements under way or not answered yet; then no more is read.</summary>
    private const int MostAcknowledging = 32;

    private static readonly TimeSpan AcknowledgeWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RegisteredFor = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(40);

    /// <summary>The longest a SIP client waits with its refresh. As there, messages that used up their tries are tried again with it.</summary>
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromHours(1);

    /// <summary>Room in the window for which a client that is behind is read a page: for less, most of the page would be opened in vain.</summary>
    private const int RoomForAPage = ReceiveWindow.Most / 2;

    private readonly StreamSignal _somethingToDo = new();
    private readonly ReceiveWindow _window = new(time);
    private readonly Channel<ReceiveAcknowledged> _answers = Channel.CreateUnbounded<ReceiveAcknowledged>();   // bounded by the places
    private readonly SemaphoreSlim _places = new(MostAcknowledging, MostAcknowledging);
    private long _highest;      // sequence sent or looked at
    private bool _behind;       // more waits than the window had room for
    private long _writeBegan;   // 0: no write is under way
    private int _woken;         // 1: there may be more after the highest
    private int _ticked;        // 1: time to look from the beginning
    private volatile bool _failed;

    /// <summary>There may be something new; quick, and never throws.</summary>
    public void Wake()
    {
        Volatile.Write(ref _woken, 1);
        _somethingToDo.Set();
    }

    /// <summary>Registers, then serves the stream until it ends.</summary>
    public async Task RunAsync(ReceiveRequests requests, IServerStreamWriter<ReceiveMessagesResponse> responses)
    {
        MailboxPage first = await store.RegisterAsync(stream.Account, Binding(), after: 0, forgetTries: true, session).ConfigureAwait(false)
            ?? throw new RefusedException(Refused.Credentials);   // deleted a moment ago
        Task tending = EndingAsync(TendAsync());
        Task writing = EndingAsync(WriteAsync(first, responses));
        try
        {
            await ReadAsync(requests).ConfigureAwait(false);
        }
        finally
        {
            stream.End();
            await tending.ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }
    }

    public void Dispose() => _places.Dispose();

    /// <summary>Until the client says no more; then until its last acknowledgement is answered.</summary>
    private async Task ReadAsync(ReceiveRequests requests)
    {
        while (await requests.NextAsync(stream.Ended).ConfigureAwait(false) is { } request)
        {
            if (request.Acknowledgement is not { } acknowledgement) throw new RefusedException(Reason.Malformed, "Only acknowledgements may follow the start.");
            await _places.WaitAsync(stream.Ended).ConfigureAwait(false);
            _ = EndingAsync(AcknowledgeAsync(acknowledgement));
        }

        for (int i = 0; i < MostAcknowledging; i++) await _places.WaitAsync(stream.Ended).ConfigureAwait(false);
    }

    private async Task AcknowledgeAsync(ReceiveAcknowledgement acknowledgement)
    {
        ReceiveAcknowledged answer = new() { MessageId = acknowledgement.MessageId };
        if (tokens.TryRead(acknowledgement.MessageId, acknowledgement.Token, stream.Account, out MessageKey message))
        {
            MessageStatus? status = await store.EndAsync(message, Core.Store.Mailboxes.MessageState.Delivered).ConfigureAwait(false);
            if (status is not null) answer.State = ProtoMapping.ToWire(status.State);
            _window.Remove(message);
            metrics.Acknowledged(known: status is not null);
        }
        else
        {
            metrics.AcknowledgementRefused();
        }

        _answers.Writer.TryWrite(answer);
        _somethingToDo.Set();
    }

    private async Task WriteAsync(MailboxPage first, IServerStreamWriter<ReceiveMessagesResponse> responses)
    {
        ReceiveStarted started = new() { Window = ReceiveWindow.Most, AcknowledgeWithin = Duration.FromTimeSpan(AcknowledgeWithin) };
        await WriteAsync(responses, new ReceiveMessagesResponse { Started = started }).ConfigureAwait(false);
        _behind = !await DeliverAsync(first, responses).ConfigureAwait(false) || first.More;
        while (true)
        {
            await _somethingToDo.WaitAsync(stream.Ended).ConfigureAwait(false);
            while (_answers.Reader.TryRead(out ReceiveAcknowledged? answer))
            {
                await WriteAsync(responses, new ReceiveMessagesResponse { Acknowledged = answer }).ConfigureAwait(false);
                _places.Release();
            }

            bool woken = Interlocked.Exchange(ref _woken, 0) == 1;
            if (Interlocked.Exchange(ref _ticked, 0) == 1) await LookAsync(after: 0, responses).ConfigureAwait(false);
            else if (_behind ? _window.Room >= RoomForAPage : woken) await LookAsync(_highest, responses).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(long after, IServerStreamWriter<ReceiveMessagesResponse> responses)
    {
        _behind = true;
        while (_behind && _window.Room > 0)
        {
            _window.BeginPage();
            MailboxPage page = await store.ReadPageAsync(stream.Account, flow, after).ConfigureAwait(false);
            if (!await DeliverAsync(page, responses).ConfigureAwait(false)) return;
            _behind = page.More && page.Upto > after;
            after = page.Upto;
        }
    }

    /// <returns>False if the window filled before the page's end: the rest is read again when there is room.</returns>
    private async Task<bool> DeliverAsync(MailboxPage page, IServerStreamWriter<ReceiveMessagesResponse> responses)
    {
        foreach (QueuedMessage message in page.Messages)
        {
            if (_window.Room == 0) return false;
            if (message.ExpireTime > time.GetUtcNow() && _window.TryAdd(message))   // never sent after its time: promise P5
            {
                await WriteAsync(responses, new ReceiveMessagesResponse { Message = ToWire(message) }).ConfigureAwait(false);
                metrics.Received();
            }

            _highest = Math.Max(_highest, message.Sequence);
        }

        _highest = Math.Max(_highest, page.Upto);
        return true;
    }

    private async Task WriteAsync(IServerStreamWriter<ReceiveMessagesResponse> responses, ReceiveMessagesResponse response)
    {
        Volatile.Write(ref _writeBegan, time.GetTimestamp());
        await responses.WriteAsync(response, stream.Ended).ConfigureAwait(false);
        Volatile.Write(ref _writeBegan, 0);
    }

    /// <summary>The stream's clock.</summary>
    private async Task TendAsync()
    {
        long renewed = time.GetTimestamp();
        long refreshed = renewed;
        using PeriodicTimer timer = new(LookAgainAfter, time);
        while (await timer.WaitForNextTickAsync(stream.Ended).ConfigureAwait(false))
        {
            if (Volatile.Read(ref _writeBegan) is not 0 and var began && time.GetElapsedTime(began) >= AcknowledgeWithin)
            {
                stream.Abort();   // it reads nothing: the account's next device gets its turn
                stream.End();
                return;
            }

            await Task.WhenAll(_window.Older(AcknowledgeWithin).Select(late => FailAsync(late.Message, late.Attempt))).ConfigureAwait(false);
            if (time.GetElapsedTime(renewed) >= RenewAfter)
            {
                bool refresh = _failed && time.GetElapsedTime(refreshed) >= RefreshAfter;
                renewed = time.GetTimestamp();
                if (refresh) (refreshed, _failed) = (renewed, false);
                await store.RegisterAsync(stream.Account, Binding(), Volatile.Read(ref _highest), refresh).ConfigureAwait(false);
            }

            await flows.StayAsync().ConfigureAwait(false);

            Volatile.Write(ref _ticked, 1);
            _somethingToDo.Set();
        }
    }

    private async Task FailAsync(MessageKey message, int attempt)
    {
        await store.FailAsync(message, flow, attempt).ConfigureAwait(false);
        _failed = true;
        _window.Remove(message);
        metrics.NotAcknowledged();
    }

    /// <summary>Whatever goes wrong in a part of the stream ends it, with what the client is to be told.</summary>
    private async Task EndingAsync(Task part)
    {
        try
        {
            await part.ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            stream.End(Refused.Store);
        }
        catch (Exception) when (stream.Ended.IsCancellationRequested)
        {
            // how a write of an ended stream ends
        }
        catch (Exception fault)
        {
            CoreLog.MethodFailed(logger, "ReceiveMessages", fault);
            stream.End(Refused.Fault);
        }
    }

    private Binding Binding() => new(flow, device, time.GetUtcNow() + RegisteredFor);

    private ReceivedMessage ToWire(QueuedMessage message)
    {
        ReceivedMessage wire = new()
        {
            MessageId = message.Key.MessageId.ToString("D"),
            Sender = $"{message.Key.Sender.User}@{message.Key.Sender.Domain}",
            AcceptTime = Timestamp.FromDateTimeOffset(message.AcceptTime),
            ExpireTime = Timestamp.FromDateTimeOffset(message.ExpireTime),
            Token = tokens.Of(message.Key),
        };
        if (message.Receipt is { } receipt)
        {
            wire.Receipt = new Edge.Messages.V1.Receipt
            {
                MessageId = receipt.MessageId.ToString("D"),
                State = ProtoMapping.ToWire(receipt.State),
                ChangeTime = Timestamp.FromDateTimeOffset(receipt.EndTime),
                ClientMessageId = receipt.ClientId,
            };
        }
        else
        {
            wire.Text = System.Text.Encoding.UTF8.GetString(message.Text.Span);
        }

        return wire;
    }
}
