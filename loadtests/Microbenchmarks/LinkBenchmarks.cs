using BenchmarkDotNet.Attributes;
using Edge.Link.V1;
using Google.Protobuf;

namespace Microbenchmarks;

/// <summary>A batch of the link, written and read; for each event of it.</summary>
public class LinkBenchmarks
{
    private const int Events = 64;

    private readonly ConnectRequest _batch = new();
    private byte[] _bytes = [];

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < Events; i++)
        {
            _batch.Events.Add(new EdgeEvent
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
        }

        _bytes = _batch.ToByteArray();
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int Write()
    {
        _batch.WriteTo(_bytes.AsSpan());
        return _bytes.Length;
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int Read() => ConnectRequest.Parser.ParseFrom(_bytes).Events.Count;
}
