using Edge.Sip.Parsing;
using Edge.Sip.Sessions;
using Edge.Sip.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Sip.Tests.Sessions;

public sealed class MemoryReturnTests
{
    private const int Wave = 600;

    private readonly FakeTimeProvider _time = new();
    private readonly SessionTable _sessions = new();
    private ulong _flow;

    /// <summary>Each return of memory stops everybody, and who is back in seconds would need it again: it waits until a wave stays away.</summary>
    [Fact]
    public void Waves_OneAfterTheOther_OneReturnAfterTheLast()
    {
        using MemoryReturn memory = new(_sessions, new EdgeClock(_time));
        memory.Start();
        for (int i = 0; i < 16; i++) Pass();
        Assert.Equal(0, memory.Returns);   // 48 s
        _time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(1, memory.Returns);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, memory.Returns);
    }

    private void Pass()
    {
        SipSession[] wave = [.. Enumerable.Range(0, Wave).Select(_ => new SipSession(new Nowhere(++_flow), new SipLimits(), 0))];
        foreach (SipSession session in wave) _sessions.Add(session);
        _time.Advance(TimeSpan.FromSeconds(1));
        foreach (SipSession session in wave) _sessions.Remove(session);
        _time.Advance(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
    }
}
