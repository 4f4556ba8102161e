using BenchmarkDotNet.Attributes;
using Edge.Sip.Parsing;
using Edge.Sip.Transactions;

namespace Microbenchmarks;

/// <summary>From bytes to a checked request and back to bytes.</summary>
public class SipBenchmarks
{
    private readonly SipHeaderSlot[] _slots = new SipHeaderSlot[64];
    private readonly byte[] _answer = new byte[4_096];
    private readonly byte[] _address = "192.168.1.7"u8.ToArray();
    private readonly SipLimits _limits = new();
    private byte[] _request = [];

    [Params("REGISTER", "MESSAGE")]
    public string Method { get; set; } = "";

    [GlobalSetup]
    public void Setup() => _request = Method == "REGISTER" ? Traffic.Register : Traffic.Message;

    [Benchmark]
    public int Frame() => new SipFramer(_limits).Next(_request).Consumed;

    [Benchmark]
    public int FrameAndParse()
    {
        SipFrame frame = new SipFramer(_limits).Next(_request);
        _ = SipRequest.Parse(frame.Head(_request), frame.Body(_request), _slots, out SipRequest request);
        return request.Headers.Count;
    }

    [Benchmark]
    public bool FrameParseAndCheck()
    {
        SipFrame frame = new SipFramer(_limits).Next(_request);
        _ = SipRequest.Parse(frame.Head(_request), frame.Body(_request), _slots, out SipRequest request);
        return SipRequestChecks.Check(request, out _) == SipFault.None;
    }

    [Benchmark]
    public int FrameParseAndAnswer()
    {
        SipFrame frame = new SipFramer(_limits).Next(_request);
        _ = SipRequest.Parse(frame.Head(_request), frame.Body(_request), _slots, out SipRequest request);
        scoped SipResponseWriter answer = new(_answer, 200, request, new ResponseOrigin { Address = _address, Port = 49_152, ToTag = "0011223344556677"u8 });
        return answer.Finish();
    }

    [Benchmark]
    public ulong FrameParseCheckAndKey()
    {
        SipFrame frame = new SipFramer(_limits).Next(_request);
        _ = SipRequest.Parse(frame.Head(_request), frame.Body(_request), _slots, out SipRequest request);
        _ = SipRequestChecks.Check(request, out SipRequestFields fields);
        return (ulong)TransactionKey.OfRequest(request, fields).Value;
    }
}
