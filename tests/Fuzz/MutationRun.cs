using System.Diagnostics;
using System.Globalization;
using Fuzz.Mutation;
using Fuzz.Targets;

namespace Fuzz;

/// <summary>Very many changed messages through framer, parser and everything of the edge above its sockets: no exception, no hang, the same however they were cut.</summary>
internal sealed class MutationRun(ulong seed, ulong messages, IReadOnlyList<byte[]> seeds)
{
    /// <summary>One message may take this long.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromMilliseconds(100);

    private const int TimesAgain = 5;

    /// <summary>A worker that is at one message for so long is in a loop without end: no load of the machine explains it.</summary>
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly Timings _all = new();
    private readonly List<string> _finds = [];
    private readonly (ulong Number, long Began)[] _current = new (ulong, long)[Environment.ProcessorCount];   // of each worker; under the gate
    private ulong _next;
    private long _answers;

    /// <returns>Whether there was no find.</returns>
    public bool Go()
    {
        Console.WriteLine($"in process: seed {seed}");   // first: it is wanted most when the rest does not come
        Stopwatch watch = Stopwatch.StartNew();
        Thread[] workers = [.. Enumerable.Range(0, _current.Length).Select(number => new Thread(() => Work(number)) { IsBackground = true })];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers)
        {
            while (!worker.Join(LookEvery))
            {
                if (StuckAt() is not { } number) continue;
                Console.WriteLine($"FIND: message {number} of seed {seed} has not come to an end within {Stuck.TotalSeconds} s");
                return false;   // that worker is in the background: it does not keep the process
            }
        }

        double seconds = watch.Elapsed.TotalSeconds;

        // What was slow because the machine did something else is not slow again.
        TimeSpan slowest = TimeSpan.Zero;
        int hangs = 0;
        MessageMutator mutator = new(seeds);
        foreach (ulong number in _all.Slowest)
        {
            TimeSpan again = Enumerable.Range(0, TimesAgain).Min(_ => Once(mutator, number, out int _));
            if (again > slowest) slowest = again;
            if (again > Hang) _finds.Add($"message {number} takes {again.TotalMilliseconds:F0} ms");
            if (again > Hang) hangs++;
        }

        TimeSpan median = _all.Median();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"in process: {_all.Count} messages changed from {seeds.Count}, seed {seed}: {_finds.Count - hangs} crashes, {hangs} hangs over {Hang.TotalMilliseconds} ms, {_answers} answers; "
            + $"{_all.Count / seconds:F0} a second, median {median.TotalMicroseconds:F1} us, slowest of its kind {slowest.TotalMicroseconds:F1} us, {slowest / median:F0} x the median"));
        foreach (string find in _finds) Console.WriteLine($"FIND: {find}");
        return _finds.Count == 0;
    }

    /// <summary>Makes a message again and writes it to a file.</summary>
    public static void Save(ulong seed, ulong number, IReadOnlyList<byte[]> seeds, string file)
    {
        Dice dice = new(seed, number);
        File.WriteAllBytes(file, new MessageMutator(seeds).Next(ref dice));
    }

    /// <returns>The message that a worker does not come to an end with; null if there is none.</returns>
    private ulong? StuckAt()
    {
        lock (_gate)
        {
            foreach ((ulong number, long began) in _current)
            {
                if (number != 0 && Stopwatch.GetElapsedTime(began) > Stuck) return number;
            }

            return null;
        }
    }

    private void Work(int worker)
    {
        MessageMutator mutator = new(seeds);
        Timings timings = new();
        long answers = 0;
        while (Interlocked.Increment(ref _next) is var number && number <= messages)
        {
            lock (_gate) _current[worker] = (number, Stopwatch.GetTimestamp());
            try
            {
                timings.Add(number, Once(mutator, number, out int sent).Ticks * (Stopwatch.Frequency / TimeSpan.TicksPerSecond));
                answers += sent;
            }
#pragma warning disable CA1031 // whatever it is, it is a find
            catch (Exception fault)
#pragma warning restore CA1031
            {
                lock (_gate) _finds.Add($"message {number} of seed {seed}: {fault}");
            }
        }

        lock (_gate)
        {
            _current[worker] = default;
            _all.Add(timings);
            _answers += answers;
        }
    }

    private TimeSpan Once(MessageMutator mutator, ulong number, out int sent)
    {
        Dice dice = new(seed, number);
        ReadOnlySpan<byte> message = mutator.Next(ref dice);
        int cut = dice.Next(message.Length + 1);
        bool registered = !dice.OneIn(4);
        long began = Stopwatch.GetTimestamp();
        FramerTarget.Check(message, cut);
        ParserTarget.Run(message);
        sent = SessionTarget.Receive(message, cut, registered);
        return Stopwatch.GetElapsedTime(began);
    }
}
