using System.Runtime.InteropServices;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>libnghttp2 (1.40 or later), which knows frames, header compression and flow control of HTTP/2 (RFC 9113) and does no input or output of its own.</summary>
/// <remarks>
/// Names are the library's own; each call's rules stand in its manual, nghttp2.org/documentation. A session is used by one thread at a time. Callbacks run within
/// <see cref="nghttp2_session_mem_recv"/> and <see cref="nghttp2_session_mem_send"/>, and may not call either; what throws in one must not leave it.
/// What takes a length gives one back, or a negative error, for which <see cref="Describe"/> has words.
/// </remarks>
internal static unsafe partial class Http2
{
    public const int NGHTTP2_ERR_DEFERRED = -508;
    public const int NGHTTP2_SETTINGS_ENABLE_PUSH = 2;
    public const int NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE = 4;
    public const int NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE = 6;
    public const int NGHTTP2_DATA = 0;
    public const int NGHTTP2_HEADERS = 1;
    public const int NGHTTP2_FLAG_END_STREAM = 1;
    public const uint NGHTTP2_CANCEL = 8;

    private const string Library = "libnghttp2.so.14";

    /// <summary>One header field. The bytes are copied when it is submitted.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Nv
    {
        public byte* Name;
        public byte* Value;
        public nuint NameBytes;
        public nuint ValueBytes;
        public byte Flags;
    }

    /// <summary>How each frame begins that a callback is shown.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FrameHead
    {
        public nuint Bytes;
        public int Stream;
        public byte Type;
        public byte Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SettingsEntry
    {
        public int Id;
        public uint Value;
    }

    /// <summary>Where a stream's data come from: asked whenever there is room in its window, until it defers; then <see cref="nghttp2_session_resume_data"/> says that there are more.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct DataProvider
    {
        public nint Source;
        public delegate* unmanaged[Cdecl]<nint, int, byte*, nuint, uint*, nint, nint, nint> Read;
    }

    [LibraryImport(Library)]
    public static partial int nghttp2_session_callbacks_new(nint* callbacks);

    [LibraryImport(Library)]
    public static partial void nghttp2_session_callbacks_del(nint callbacks);

    [LibraryImport(Library)]
    public static partial void nghttp2_session_callbacks_set_on_data_chunk_recv_callback(nint callbacks, delegate* unmanaged[Cdecl]<nint, byte, int, byte*, nuint, nint, int> callback);

    /// <summary>Called when a frame is here as a whole.</summary>
    [LibraryImport(Library)]
    public static partial void nghttp2_session_callbacks_set_on_frame_recv_callback(nint callbacks, delegate* unmanaged[Cdecl]<nint, FrameHead*, nint, int> callback);

    [LibraryImport(Library)]
    public static partial void nghttp2_session_callbacks_set_on_header_callback(nint callbacks, delegate* unmanaged[Cdecl]<nint, nint, byte*, nuint, byte*, nuint, byte, nint, int> callback);

    [LibraryImport(Library)]
    public static partial void nghttp2_session_callbacks_set_on_stream_close_callback(nint callbacks, delegate* unmanaged[Cdecl]<nint, int, uint, nint, int> callback);

    /// <summary>The callbacks are copied.</summary>
    [LibraryImport(Library)]
    public static partial int nghttp2_session_client_new(nint* session, nint callbacks, nint userData);

    [LibraryImport(Library)]
    public static partial void nghttp2_session_del(nint session);

    [LibraryImport(Library)]
    public static partial int nghttp2_submit_settings(nint session, byte flags, SettingsEntry* entries, nuint count);

    [LibraryImport(Library)]
    public static partial int nghttp2_session_set_local_window_size(nint session, byte flags, int stream, int bytes);

    /// <returns>The stream's number.</returns>
    [LibraryImport(Library)]
    public static partial int nghttp2_submit_request(nint session, nint priority, Nv* headers, nuint count, DataProvider* data, nint streamData);

    [LibraryImport(Library)]
    public static partial int nghttp2_submit_rst_stream(nint session, byte flags, int stream, uint error);

    [LibraryImport(Library)]
    public static partial int nghttp2_session_resume_data(nint session, int stream);

    /// <returns>All bytes given.</returns>
    [LibraryImport(Library)]
    public static partial nint nghttp2_session_mem_recv(nint session, byte* bytes, nuint count);

    /// <summary>What is to be sent next: nothing, when it gives 0. Its bytes are the session's, until the next call.</summary>
    [LibraryImport(Library)]
    public static partial nint nghttp2_session_mem_send(nint session, byte** bytes);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int nghttp2_session_want_read(nint session);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int nghttp2_session_want_write(nint session);

    /// <summary>Whether it is here.</summary>
    public static bool IsAvailable() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Library, out nint library) && NativeLibrary.TryGetExport(library, nameof(nghttp2_session_set_local_window_size), out _);

    /// <returns>What an error is called.</returns>
    public static string Describe(nint error) => Marshal.PtrToStringUTF8(nghttp2_strerror((int)error)) ?? "no reason given";

    [LibraryImport(Library)]
    private static partial nint nghttp2_strerror(int error);
}
