using System.Net;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>The system calls of a reactor, by their names in section 2 of the manual.</summary>
internal static unsafe partial class Linux
{
    public const uint EPOLLIN = 0x1;
    public const uint EPOLLOUT = 0x4;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;

    public const int SOL_SOCKET = 1;
    public const int SO_ERROR = 4;
    public const int SO_REUSEPORT = 15;
    public const int IPPROTO_TCP = 6;
    public const int TCP_NODELAY = 1;
    public const int TCP_CORK = 3;
    public const int TCP_USER_TIMEOUT = 18;
    public const int SHUT_WR = 1;

    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int EINPROGRESS = 115;
    public const int ECONNABORTED = 103;

    private const int EpollCloexec = 0x80000;
    private const int EventCloexecNonblock = 0x80800;
    private const int SocketCloexecNonblock = 0x80800;
    private const int SOCK_STREAM = 1;

    /// <summary>Bytes of one <c>struct epoll_event</c>: packed on x86-64, and there alone.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventBytes - sizeof(ulong);

    /// <returns>The descriptor.</returns>
    /// <exception cref="IOException">None is left.</exception>
    public static int CreateEpoll() => Checked(epoll_create1(EpollCloexec));

    /// <inheritdoc cref="CreateEpoll"/>
    public static int CreateEvent() => Checked(eventfd(0, EventCloexecNonblock));

    /// <returns>False if the kernel has no memory for it.</returns>
    public static bool Control(int epoll, int operation, int descriptor, uint interest, ulong data)
    {
        byte* e = stackalloc byte[16];
        *(uint*)e = interest;
        *(ulong*)(e + DataOffset) = data;
        return epoll_ctl(epoll, operation, descriptor, e) == 0;
    }

    /// <summary>One of the events that <see cref="epoll_wait"/> wrote.</summary>
    public static (uint Ready, ulong Data) Event(byte* events, int index)
    {
        byte* e = events + (index * EventBytes);
        return (*(uint*)e, *(ulong*)(e + DataOffset));
    }

    /// <summary>Why the last call on this thread failed.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Accepts one connection, not blocking.</summary>
    /// <param name="address">Where its <c>sockaddr</c> goes, 28 bytes.</param>
    /// <returns>The descriptor, or -1 with the error set.</returns>
    public static int Accept(int listener, byte* address)
    {
        uint length = 28;
        return accept4(listener, address, &length, SocketCloexecNonblock);
    }

    /// <summary>Begins to connect: it has room for writing when it is done, and <see cref="ErrorOf"/> says how it went.</summary>
    /// <returns>The descriptor.</returns>
    /// <exception cref="IOException">None is left, or there is no way there.</exception>
    public static int Connect(IPEndPoint end)
    {
        SocketAddress address = end.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
        {
            int descriptor = socket(*(ushort*)bytes, SOCK_STREAM | SocketCloexecNonblock, 0);   // the family stands in front
            if (descriptor >= 0 && connect(descriptor, bytes, (uint)address.Size) != 0 && LastError is var error and not EINPROGRESS)
            {
                _ = close(descriptor);
                throw new IOException(Marshal.GetPInvokeErrorMessage(error));
            }

            return Checked(descriptor);
        }
    }

    /// <returns>Why a connect failed; 0 if it has not.</returns>
    public static int ErrorOf(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
        return error;
    }

    public static void SetOption(int descriptor, int level, int name, int value) => _ = setsockopt(descriptor, level, name, &value, sizeof(int));

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, byte* events, int most, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nint bytes);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nint bytes);

    [LibraryImport("libc")]
    public static partial int shutdown(int descriptor, int how);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    /// <summary>How many descriptors this process may have open (RLIMIT_NOFILE).</summary>
    /// <returns><see cref="long.MaxValue"/> if nothing limits them, or it cannot be asked.</returns>
    public static long MostDescriptors()
    {
        const int RlimitNofile = 7;
        ulong* limit = stackalloc ulong[2];   // struct rlimit: in force, and the highest that may be
        return getrlimit(RlimitNofile, limit) == 0 && *limit <= long.MaxValue ? (long)*limit : long.MaxValue;
    }

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc")]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* e);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int listener, byte* address, uint* length, int flags);

    [LibraryImport("libc")]
    private static partial int setsockopt(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc")]
    private static partial int getsockopt(int descriptor, int level, int name, void* value, uint* length);

    private static int Checked(int descriptor) =>
        descriptor >= 0 ? descriptor : throw new IOException($"no descriptor for a reactor: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
}
