using Core.Store.Mailboxes;

namespace Api.Grpc.Streams;

/// <summary>What one stream has sent and not seen acknowledged yet; safe for its reader, its writer and its clock at once.</summary>
internal sealed class ReceiveWindow(TimeProvider time)
{
    /// <summary>Most messages sent before the first of them is acknowledged: 32 long texts are 136 KiB, and a page.</summary>
    public const int Most = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<MessageKey, Sent> _sent = [];
    private readonly HashSet<MessageKey> _removed = [];   // since the page under way was asked for, which may still hold them

    /// <summary>How many more may be sent.</summary>
    public int Room
    {
        get
        {
            lock (_lock) return Most - _sent.Count;
        }
    }

    /// <summary>A page is about to be asked for: what leaves the window from now on may still be in it, and must not be sent again from it.</summary>
    public void BeginPage()
    {
        lock (_lock) _removed.Clear();
    }

    /// <summary>Enters a message that is about to be written.</summary>
    /// <returns>False if it is in the window already, or has left it since the page was asked for.</returns>
    public bool TryAdd(QueuedMessage message)
    {
        lock (_lock) return !_removed.Contains(message.Key) && _sent.TryAdd(message.Key, new Sent(message.Attempt, time.GetTimestamp()));
    }

    public void Remove(in MessageKey message)
    {
        lock (_lock)
        {
            if (_sent.Remove(message)) _removed.Add(message);
        }
    }

    /// <summary>What was sent so long ago, with the number of its try. It stays in the window until it is removed.</summary>
    public List<(MessageKey Message, int Attempt)> Older(TimeSpan than)
    {
        List<(MessageKey, int)> older = [];
        lock (_lock)
        {
            foreach ((MessageKey message, Sent sent) in _sent)
            {
                if (time.GetElapsedTime(sent.At) >= than) older.Add((message, sent.Attempt));
            }
        }

        return older;
    }

    private readonly record struct Sent(int Attempt, long At);
}
