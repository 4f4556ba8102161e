using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Api.Grpc.Tests.Support;

/// <summary>Unary calls without generated stubs: the core generates servers only.</summary>
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

    public void Dispose() => channel.Dispose();
}
