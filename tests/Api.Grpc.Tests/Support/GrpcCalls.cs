using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Api.Grpc.Tests.Support;

/// <summary>Calls without generated stubs: the core generates servers only.</summary>
public sealed class GrpcCalls(GrpcChannel channel, string? authorization) : IDisposable
{
    public const string Messages = "edge.messages.v1.MessagesService";
    public const string Accounts = "edge.admin.v1.AccountsService";

    public async Task<TResponse> CallAsync<TRequest, TResponse>(string service, string method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        await CallAsync(service, method, request.ToByteArray(), new MessageParser<TResponse>(() => new TResponse()));

    /// <summary>Sends bytes that need not be a message.</summary>
    public async Task<TResponse> CallAsync<TResponse>(string service, string method, byte[] request, MessageParser<TResponse> parser)
        where TResponse : class, IMessage<TResponse>
    {
        Method<byte[], TResponse> call = new(
            MethodType.Unary, service, method, Marshallers.Create(static (byte[] bytes) => bytes, static bytes => bytes), Marshallers.Create(static r => r.ToByteArray(), parser.ParseFrom));
        Metadata headers = [];
        if (authorization is not null) headers.Add("authorization", authorization);
        return await channel.CreateCallInvoker().AsyncUnaryCall(call, null, new CallOptions(headers, DateTime.UtcNow.AddSeconds(20)), request);
    }

    /// <summary>Opens a status stream.</summary>
    public StreamCall<WatchMessagesRequest, WatchMessagesResponse> Watch(string resumeToken = "")
    {
        AsyncServerStreamingCall<WatchMessagesResponse> call = channel.CreateCallInvoker().AsyncServerStreamingCall(
            Streaming<WatchMessagesRequest, WatchMessagesResponse>(MethodType.ServerStreaming, "WatchMessages"), null, Headers(), new WatchMessagesRequest { ResumeToken = resumeToken });
        return new StreamCall<WatchMessagesRequest, WatchMessagesResponse>(null, call.ResponseStream, call);
    }

    /// <summary>Opens a receiving stream and says nothing.</summary>
    public StreamCall<ReceiveMessagesRequest, ReceiveMessagesResponse> Receive(params (string Name, string Value)[] headers)
    {
        CallOptions options = Headers();
        foreach ((string name, string value) in headers) options.Headers!.Add(name, value);
        AsyncDuplexStreamingCall<ReceiveMessagesRequest, ReceiveMessagesResponse> call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            Streaming<ReceiveMessagesRequest, ReceiveMessagesResponse>(MethodType.DuplexStreaming, "ReceiveMessages"), null, options);
        return new StreamCall<ReceiveMessagesRequest, ReceiveMessagesResponse>(call.RequestStream, call.ResponseStream, call);
    }

    /// <summary>Opens a receiving stream whose requests need not be messages.</summary>
    public StreamCall<byte[], ReceiveMessagesResponse> ReceiveBytes()
    {
        Method<ReceiveMessagesRequest, ReceiveMessagesResponse> method = Streaming<ReceiveMessagesRequest, ReceiveMessagesResponse>(MethodType.DuplexStreaming, "ReceiveMessages");
        AsyncDuplexStreamingCall<byte[], ReceiveMessagesResponse> call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            new Method<byte[], ReceiveMessagesResponse>(method.Type, method.ServiceName, method.Name, Marshallers.Create(static (byte[] bytes) => bytes, static bytes => bytes), method.ResponseMarshaller), null, Headers());
        return new StreamCall<byte[], ReceiveMessagesResponse>(call.RequestStream, call.ResponseStream, call);
    }

    /// <summary>Opens a receiving stream and begins it.</summary>
    public async Task<StreamCall<ReceiveMessagesRequest, ReceiveMessagesResponse>> StartReceivingAsync(string device = "")
    {
        StreamCall<ReceiveMessagesRequest, ReceiveMessagesResponse> stream = Receive();
        await stream.SendAsync(new ReceiveMessagesRequest { Start = new ReceiveStart { Device = device } });
        Assert.Equal(ReceiveMessagesResponse.ResponseOneofCase.Started, (await stream.NextAsync()).ResponseCase);
        return stream;
    }

    private CallOptions Headers()
    {
        Metadata headers = [];
        if (authorization is not null) headers.Add("authorization", authorization);
        return new CallOptions(headers);
    }

    private static Method<TRequest, TResponse> Streaming<TRequest, TResponse>(MethodType type, string method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => new(
            type, Messages, method,
            Marshallers.Create(static r => r.ToByteArray(), new MessageParser<TRequest>(() => new TRequest()).ParseFrom),
            Marshallers.Create(static r => r.ToByteArray(), new MessageParser<TResponse>(() => new TResponse()).ParseFrom));

    public void Dispose() => channel.Dispose();
}
