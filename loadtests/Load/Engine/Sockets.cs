using System.Net;
using System.Runtime.InteropServices;
using Edge.Sip.Transport.Native;

namespace Load.Engine;

/// <summary>The system calls of a client beyond <see cref="Linux"/>, by their names in section 2 of the manual.</summary>
internal static unsafe partial class Sockets
{
    private const int AddressFamilyInet = 2;
    private const int SocketStreamNonblockCloexec = 0x80801;
    private const int IPPROTO_IP = 0;
    private const int IP_BIND_ADDRESS_NO_PORT = 24;
    private const int ENOSYS = 38;

    private static bool _hasNanoseconds = true;

    /// <summary>A socket on its way to the target.</summary>
    /// <param name="target">Its <c>sockaddr</c>.</param>
    /// <param name="family">The first number in it.</param>
    /// <param name="from">The address it comes from; 0 for any. Within one address the kernel has some 28,000 ports.</param>
    /// <returns>The descriptor, or -1 with the error set.</returns>
    public static int Connect(ReadOnlySpan<byte> target, int family, uint from)
    {
        int descriptor = socket(family, SocketStreamNonblockCloexec, 0);
        if (descriptor < 0) return -1;
        Linux.SetOption(descriptor, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, 1);
        if (from != 0)
        {
            byte* own = stackalloc byte[16];
            new Span<byte>(own, 16).Clear();
            *(ushort*)own = AddressFamilyInet;
            *(uint*)(own + 4) = (uint)IPAddress.HostToNetworkOrder((int)from);
            Linux.SetOption(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
            if (bind(descriptor, own, 16) != 0) return Failed(descriptor);
        }

        fixed (byte* to = target)
        {
            return connect(descriptor, to, (uint)target.Length) == 0 || Linux.LastError == Linux.EINPROGRESS ? descriptor : Failed(descriptor);
        }
    }

    /// <summary>Waits for events, to the nanosecond where the kernel can (5.11 and later): what is due between two milliseconds is not late.</summary>
    public static int Wait(int epoll, byte* events, int most, long nanoseconds)
    {
        if (nanoseconds > 0 && _hasNanoseconds)
        {
            long* span = stackalloc long[2];
            (span[0], span[1]) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
            try
            {
                int ready = epoll_pwait2(epoll, events, most, span, null);
                if (ready >= 0 || Linux.LastError != ENOSYS) return ready;
            }
            catch (EntryPointNotFoundException)
            {
                // A C library before 2.35: below is what it has.
            }

            _hasNanoseconds = false;
        }

        return Linux.epoll_wait(epoll, events, most, (int)((nanoseconds + 999_999) / 1_000_000));
    }

    private static int Failed(int descriptor)
    {
        int error = Linux.LastError;
        _ = Linux.close(descriptor);
        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int descriptor, byte* address, uint bytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int descriptor, byte* address, uint bytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_pwait2(int epoll, byte* events, int most, long* timeout, void* signals);
}
