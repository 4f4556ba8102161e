using BenchmarkDotNet.Attributes;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.CoreLink.Carriers;
using Google.Protobuf;

namespace Microbenchmarks;

/// <summary>A batch of the link: written by the edge, read by the core, and what comes down for refreshes, read by the edge; for each event of it.</summary>
public class LinkBenchmarks
{
    private const int Events = 64;

    private readonly List<EdgeEvent> _submissions = [];
    private readonly List<byte[]> _answers = [];
    private byte[] _frame = [];
    private byte[] _batch = [];

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < Events; i++)
        {
            _submissions.Add(new EdgeEvent
            {
                Submit = new Submit
                {
                    Request = (ulong)i,
                    Flow = 1UL << 40,
                    User = "bob",
                    Ticket = ByteString.CopyFrom(new byte[48]),
                    ClientKey = "asd88asd77a\0 49583\0 20",
                    Recipient = "sip:alice@example.test",
                    Text = ByteString.CopyFromUtf8("Mr. Watson, come here. I would like to see you"),
                },
            });
            _answers.Add(new Refreshed { Flow = 1UL << 40, User = "bob", Outcome = RegisterOutcome.Bound, Page = new Page { Flow = 1UL << 40, User = "bob", After = 1L << 50, Upto = 1L << 50 } }.ToByteArray());
        }

        _frame = new byte[LinkBatch.PrefixBytes + LinkBatch.Fit(_submissions, 0).Bytes];
        Write();
        _batch = _frame[LinkBatch.PrefixBytes..];
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int Write()
    {
        (int count, _) = LinkBatch.Fit(_submissions, 0);
        LinkBatch.Write(_submissions, 0, count, _frame);
        return count;
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int Read() => ConnectRequest.Parser.ParseFrom(_batch).Events.Count;

    [Benchmark(OperationsPerInvoke = Events)]
    public long ReadRefreshed()
    {
        long upto = 0;
        foreach (byte[] answer in _answers) upto += RefreshAnswer.TryRead(answer, out RefreshAnswer read) ? read.Page!.Upto : 0;
        return upto;
    }
}
