using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>The memory that the TLS of a reactor's connections reads from and writes to, in place of their sockets: a turn has one stage for each kind of work.</summary>
/// <remarks>
/// OpenSSL over a socket makes its system calls within SSL_read and SSL_write, so that kernel, cryptography and SIP take turns for every message and push each
/// other out of the processor's caches. Here the reactor reads all sockets, then has all of it opened and handled, then sealed, then written.
/// One for a reactor, used by its thread alone: it holds what one connection is being fed, and what has been sealed and not written yet, of several one after the other.
/// </remarks>
internal sealed unsafe class TlsWire : IDisposable
{
    private const int FirstRoom = 131_072;

    private static readonly nint Method = CreateMethod();

    private readonly Ends* _ends = (Ends*)NativeMemory.AllocZeroed((nuint)sizeof(Ends));

    /// <summary>Bytes fed that OpenSSL has not taken yet.</summary>
    public int Unread => _ends->Unread;

    /// <summary>Bytes written by OpenSSL since <see cref="Clear"/>.</summary>
    public int Written => _ends->Written;

    /// <summary>What was written, from the beginning. Moves with the next write.</summary>
    public byte* Output => _ends->Output;

    /// <summary>A BIO over this memory, in both directions, for one <c>SSL</c>.</summary>
    /// <returns>0 without memory.</returns>
    public nint CreateBio()
    {
        nint bio = OpenSsl.BIO_new(Method);
        if (bio == 0) return 0;
        OpenSsl.BIO_set_data(bio, (nint)_ends);
        OpenSsl.BIO_set_init(bio, 1);
        return bio;
    }

    /// <summary>What OpenSSL reads next, in place of whatever is left of what it was fed before.</summary>
    public void Feed(byte* bytes, int count)
    {
        _ends->Input = bytes;
        _ends->Unread = count;
    }

    /// <summary>Nothing is left to read, though it was not all read: the next one's TLS is not to see it.</summary>
    public void Starve() => _ends->Unread = 0;

    /// <summary>Forgets what was written.</summary>
    public void Clear() => _ends->Written = 0;

    public void Dispose()
    {
        NativeMemory.Free(_ends->Output);
        NativeMemory.Free(_ends);
    }

    private static nint CreateMethod()
    {
        nint method = OpenSsl.BIO_meth_new(OpenSsl.BIO_get_new_index() | OpenSsl.BIO_TYPE_SOURCE_SINK, "reactor");
        if (method == 0) throw new InvalidOperationException("OpenSSL makes no BIO method: it has no memory.");
        _ = OpenSsl.BIO_meth_set_read(method, &Read);
        _ = OpenSsl.BIO_meth_set_write(method, &Write);
        _ = OpenSsl.BIO_meth_set_ctrl(method, &Control);
        return method;
    }

    /// <summary>BIO_read(3): nothing left is what a socket without data is, to be tried again.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* buffer, int bytes)
    {
        Ends* ends = (Ends*)OpenSsl.BIO_get_data(bio);
        if (ends->Unread == 0)
        {
            OpenSsl.BIO_set_flags(bio, OpenSsl.BIO_FLAGS_READ | OpenSsl.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }

        OpenSsl.BIO_clear_flags(bio, OpenSsl.BIO_FLAGS_READ | OpenSsl.BIO_FLAGS_SHOULD_RETRY);
        int count = Math.Min(bytes, ends->Unread);
        NativeMemory.Copy(ends->Input, buffer, (nuint)count);
        ends->Input += count;
        ends->Unread -= count;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* bytes, int count)
    {
        Ends* ends = (Ends*)OpenSsl.BIO_get_data(bio);
        if (ends->Room - ends->Written < count)
        {
            int room = Math.Max(FirstRoom, Math.Max(2 * ends->Room, ends->Written + count));
            byte* larger = Enlarge(ends->Output, room);
            if (larger is null) return -1;
            ends->Output = larger;
            ends->Room = room;
        }

        OpenSsl.BIO_clear_flags(bio, OpenSsl.BIO_FLAGS_READ | OpenSsl.BIO_FLAGS_SHOULD_RETRY);
        NativeMemory.Copy(bytes, ends->Output + ends->Written, (nuint)count);
        ends->Written += count;
        return count;
    }

    /// <returns>Null without memory: nothing may be thrown through OpenSSL.</returns>
    private static byte* Enlarge(byte* output, int room)
    {
        try
        {
            return (byte*)NativeMemory.Realloc(output, (nuint)room);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>BIO_ctrl(3): flushing is all that TLS asks for, and there is nothing to do for it.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, nint pointer) => command == OpenSsl.BIO_CTRL_FLUSH ? 1 : 0;

    /// <summary>In memory that does not move: each BIO points to it.</summary>
    private struct Ends
    {
        public byte* Input;
        public byte* Output;
        public int Unread;
        public int Written;
        public int Room;
    }
}
