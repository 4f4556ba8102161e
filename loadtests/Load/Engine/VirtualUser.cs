using Edge.Sip.Parsing;

namespace Load.Engine;

/// <summary>One phone: an account, at most one live connection, and what it remembers. The fleet's thread alone touches it.</summary>
/// <remarks>15,000 of them live in one process: what is needed only now and then stands behind a reference that is null meanwhile.</remarks>
internal sealed class VirtualUser(int index, byte[] name)
{
    /// <summary>Its place among the users of this process.</summary>
    public readonly int Index = index;

    /// <summary>The account's name.</summary>
    public readonly byte[] Name = name;

    public UserState State;

    /// <summary>Counts its connections: what belongs to an earlier one is told by it.</summary>
    public int Generation;

    public int Descriptor = -1;
    public nint Ssl;

    /// <summary>What it may resume with; 0 for none.</summary>
    public nint Session;

    public uint Interest;
    public SipFramer Framer;
    public byte[]? Unread;         // the beginning of a message whose rest has not come
    public int UnreadBytes;
    public byte[]? Unsent;         // what the socket had no room for
    public int UnsentStart;
    public int UnsentEnd;

    public uint CSeq;
    public DigestAnswer? Digest;   // once challenged
    public int Challenges;         // in a row
    public long RegisterFromNs;    // its REGISTER, or the whole way to it, counts from here; 0: none under way
    public long RegisterStartNs;   // when it really began
    public long ComingFromNs;      // since when it tries to come online, however often; 0: it does not
    public long LostSinceNs;       // since its connection ended by itself while it was registered; 0: it has not, or it is back

    public bool Wanted;            // it is to be online: a connection that ends is followed by another
    public bool Resumes;           // its next connections try its session
    public bool Resumed;           // this one did with a short handshake
    public bool Paused;            // a slow reader between two reads
    public bool AwaitsPong;
    public long PingSentNs;
    public long ReadPauseNs;       // of a slow reader; 0 for the others
    public int Failures;           // to come online, in a row
    public long KeepaliveNs;       // of this registration; 0 for none
    public long ExpiresNs;         // of this registration
    public long RegisteredSinceNs; // of this registration
    public long AnswersReadNs;     // the server has surely read its answers to everything that came until then; 0: nobody knows
    public long LastBrokenNs;      // when a connection last ended with something perhaps under way

    /// <summary>Messages it sent by SIP that are not answered yet.</summary>
    public List<int>? Unanswered;

    public bool IsRegistered => State == UserState.Registered;
}

/// <summary>How far a user has come.</summary>
internal enum UserState : byte
{
    /// <summary>No connection.</summary>
    Away,

    /// <summary>TCP is under way.</summary>
    Connecting,

    /// <summary>TLS is under way.</summary>
    Handshaking,

    /// <summary>The first REGISTER of this connection is under way.</summary>
    Registering,

    Registered,
}
