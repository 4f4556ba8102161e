using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Grpc.Core;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>The call of the link as HTTP/2: what it says and what it is told, in bytes; no socket.</summary>
/// <remarks>gRPC over HTTP/2 (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): one request whose body never ends, messages with a head of 5 bytes both ways, the status in the trailers.</remarks>
internal sealed unsafe class Http2Call
{
    private const int WindowBytes = 1_048_576;   // what the core may send before it is read; it is read at once
    private const int MostHeaderBytes = 16_384;
    private const int MostSentAtOnce = 65_536;
    private const uint NoStatus = uint.MaxValue;
    private const string Path = "/edge.link.v1.LinkService/Connect";

    private readonly nint _session;
    private readonly GCHandle _self;
    private readonly int _stream;
    private byte[] _received = ArrayPool<byte>.Shared.Rent(16_384);
    private int _taken;
    private int _filled;
    private byte[] _unsent = ArrayPool<byte>.Shared.Rent(16_384);
    private int _unsentFrom;
    private int _unsentTo;
    private bool _deferred;
    private uint _status = NoStatus;
    private string _detail = string.Empty;
    private string _httpStatus = string.Empty;
    private uint _closedBy;

    /// <param name="authority">Host and port, in ASCII.</param>
    /// <exception cref="IOException">The library refuses, which it does without memory.</exception>
    public Http2Call(string authority)
    {
        _self = GCHandle.Alloc(this);
        try
        {
            _session = Open(GCHandle.ToIntPtr(_self));
            Http2.SettingsEntry* settings = stackalloc Http2.SettingsEntry[]
            {
                new() { Id = Http2.NGHTTP2_SETTINGS_ENABLE_PUSH, Value = 0 },
                new() { Id = Http2.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Value = WindowBytes },
                new() { Id = Http2.NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, Value = MostHeaderBytes },
            };
            Check(Http2.nghttp2_submit_settings(_session, 0, settings, 3));
            Check(Http2.nghttp2_session_set_local_window_size(_session, 0, 0, WindowBytes));
            _stream = Request(authority);
        }
        catch
        {
            Free();
            throw;
        }
    }

    /// <summary>Bytes of messages that wait for room in the core's window.</summary>
    public int Unsent => _unsentTo - _unsentFrom;

    /// <summary>Whether the core has ended the call, or the connection is of no use any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Room for a message, which goes out with the next frames.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_unsentFrom == _unsentTo) _unsentFrom = _unsentTo = 0;
        if (_unsent.Length - _unsentTo < bytes) MakeRoom(ref _unsent, ref _unsentFrom, ref _unsentTo, bytes);
        _unsentTo += bytes;
        if (_deferred)
        {
            _deferred = false;
            Check(Http2.nghttp2_session_resume_data(_session, _stream));
        }

        return _unsent.AsSpan(_unsentTo - bytes, bytes);
    }

    /// <summary>Frames that are to be sent now, some 64 KB at most.</summary>
    /// <returns>False if there are none.</returns>
    public bool Frames(ArrayBufferWriter<byte> output)
    {
        while (output.WrittenCount < MostSentAtOnce)
        {
            byte* bytes;
            nint count = Http2.nghttp2_session_mem_send(_session, &bytes);
            Check(count);
            if (count == 0) break;
            output.Write(new ReadOnlySpan<byte>(bytes, (int)count));
        }

        if (output.WrittenCount > 0) return true;
        NoticeEnd();
        return false;
    }

    /// <summary>What has come from the core.</summary>
    /// <exception cref="IOException">It is not what HTTP/2 allows.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes) Check(Http2.nghttp2_session_mem_recv(_session, first, (nuint)bytes.Length));
        NoticeEnd();
    }

    /// <summary>The next whole message.</summary>
    /// <param name="message">Without its head; until the next call of anything here.</param>
    /// <exception cref="InvalidDataException">It is longer than allowed.</exception>
    public bool TryTake(out ReadOnlySpan<byte> message)
    {
        message = default;
        if (!LinkBatch.TryRead(_received.AsSpan(_taken, _filled - _taken), out int length)) return false;
        message = _received.AsSpan(_taken + LinkBatch.PrefixBytes, length);
        _taken += LinkBatch.PrefixBytes + length;
        return true;
    }

    /// <summary>Why it is over; null: the core has closed it in good order.</summary>
    public Exception? Outcome()
    {
        if (_status == (uint)StatusCode.OK) return null;
        if (_status != NoStatus) return new RpcException(new Status((StatusCode)_status, _detail));
        if (_httpStatus is not ("" or "200")) return new IOException($"the core answered {_httpStatus}");
        return new IOException($"the core ended the stream without a status (HTTP/2 error {_closedBy})");
    }

    /// <summary>Takes the call back; its frames are to be sent still.</summary>
    public void Cancel() => _ = Http2.nghttp2_submit_rst_stream(_session, 0, _stream, Http2.NGHTTP2_CANCEL);

    /// <summary>Gives everything back; nothing may be called afterwards.</summary>
    public void Free()
    {
        Http2.nghttp2_session_del(_session);   // 0: nothing
        _self.Free();
        ArrayPool<byte>.Shared.Return(_received);
        ArrayPool<byte>.Shared.Return(_unsent);
        (_received, _unsent) = ([], []);
    }

    private static nint Open(nint self)
    {
        nint callbacks, session;
        Check(Http2.nghttp2_session_callbacks_new(&callbacks));
        Http2.nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
        Http2.nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
        Http2.nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
        Http2.nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnClose);
        int made = Http2.nghttp2_session_client_new(&session, callbacks, self);
        Http2.nghttp2_session_callbacks_del(callbacks);
        Check(made);
        return session;
    }

    /// <summary>After a fault of the core the library first says GOAWAY, and then has nothing more to say or hear.</summary>
    private void NoticeEnd()
    {
        if (Http2.nghttp2_session_want_read(_session) == 0 && Http2.nghttp2_session_want_write(_session) == 0) IsOver = true;
    }

    private int Request(string authority)
    {
        ReadOnlySpan<byte> text = Encoding.ASCII.GetBytes($":methodPOST:schemehttps:path{Path}:authority{authority}content-typeapplication/grpctetrailers");
        ReadOnlySpan<int> lengths = [7, 4, 7, 5, 5, Path.Length, 10, authority.Length, 12, 16, 2, 8];
        Http2.Nv* headers = stackalloc Http2.Nv[lengths.Length / 2];
        Http2.DataProvider body = new() { Read = &OnRoom };
        fixed (byte* first = text)
        {
            byte* at = first;
            for (int i = 0; i < lengths.Length; i += 2)
            {
                headers[i / 2] = new() { Name = at, NameBytes = (nuint)lengths[i], Value = at + lengths[i], ValueBytes = (nuint)lengths[i + 1] };
                at += lengths[i] + lengths[i + 1];
            }

            int stream = Http2.nghttp2_submit_request(_session, 0, headers, (nuint)(lengths.Length / 2), &body, 0);
            Check(stream);
            return stream;
        }
    }

    private static void MakeRoom(ref byte[] buffer, ref int from, ref int to, int bytes)
    {
        int held = to - from;
        byte[] room = held + bytes <= buffer.Length ? buffer : ArrayPool<byte>.Shared.Rent(Math.Max(2 * buffer.Length, held + bytes));
        buffer.AsSpan(from, held).CopyTo(room);
        if (room != buffer) ArrayPool<byte>.Shared.Return(buffer);
        (buffer, from, to) = (room, 0, held);
    }

    private static void Check(nint result)
    {
        if (result < 0) throw new IOException($"HTTP/2: {Http2.Describe(result)}");
    }

    private static Http2Call Of(nint self) => Unsafe.As<Http2Call>(GCHandle.FromIntPtr(self).Target!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnRoom(nint session, int stream, byte* room, nuint bytes, uint* flags, nint source, nint self)
    {
        Http2Call call = Of(self);
        int count = Math.Min((int)bytes, call.Unsent);
        if (count == 0)
        {
            call._deferred = true;
            return Http2.NGHTTP2_ERR_DEFERRED;
        }

        call._unsent.AsSpan(call._unsentFrom, count).CopyTo(new Span<byte>(room, count));
        call._unsentFrom += count;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnData(nint session, byte flags, int stream, byte* bytes, nuint count, nint self)
    {
        Http2Call call = Of(self);
        // Bounded: before more is received all whole messages are taken, and one that would be too long is refused by its head.
        if (call._taken == call._filled) call._taken = call._filled = 0;
        if (call._received.Length - call._filled < (int)count) MakeRoom(ref call._received, ref call._taken, ref call._filled, (int)count);
        new ReadOnlySpan<byte>(bytes, (int)count).CopyTo(call._received.AsSpan(call._filled));
        call._filled += (int)count;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHeader(nint session, nint frame, byte* name, nuint nameBytes, byte* value, nuint valueBytes, byte flags, nint self)
    {
        Http2Call call = Of(self);
        ReadOnlySpan<byte> field = new(name, (int)nameBytes);
        string text = Encoding.ASCII.GetString(value, (int)valueBytes);
        if (field.SequenceEqual(":status"u8)) call._httpStatus = text;
        else if (field.SequenceEqual("grpc-status"u8)) call._status = uint.TryParse(text, out uint status) ? status : (uint)StatusCode.Unknown;
        else if (field.SequenceEqual("grpc-message"u8)) call._detail = Uri.UnescapeDataString(text);
        return 0;
    }

    /// <summary>The core has said its last word: the stream itself stays, since this side has not.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnFrame(nint session, Http2.FrameHead* frame, nint self)
    {
        if (frame->Type is Http2.NGHTTP2_DATA or Http2.NGHTTP2_HEADERS && (frame->Flags & Http2.NGHTTP2_FLAG_END_STREAM) != 0) Of(self).IsOver = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnClose(nint session, int stream, uint error, nint self)
    {
        Http2Call call = Of(self);
        (call.IsOver, call._closedBy) = (true, error);
        return 0;
    }
}
