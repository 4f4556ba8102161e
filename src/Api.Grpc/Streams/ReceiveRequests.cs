using Api.Grpc.Translation;
using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Api.Grpc.Streams;

/// <summary>Reads a receiving client's requests; what gRPC itself refuses is answered as the error table says.</summary>
internal sealed class ReceiveRequests(IAsyncStreamReader<ReceiveMessagesRequest> requests)
{
    /// <returns>Null when the client has nothing more to say.</returns>
    public async Task<ReceiveMessagesRequest?> NextAsync(CancellationToken cancel)
    {
        try
        {
            return await requests.MoveNext(cancel).ConfigureAwait(false) ? requests.Current : null;
        }
        catch (IOException)
        {
            return null;   // the connection is gone
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
        {
            throw new RefusedException(Reason.BodyTooLarge, "A request is larger than max_body_bytes of GetLimits.");
        }
        catch (Exception e) when (e is InvalidProtocolBufferException || e is RpcException { StatusCode: StatusCode.Internal or StatusCode.Unimplemented })
        {
            throw new RefusedException(Reason.Malformed, "A request is not protobuf, is compressed, or a string in it is not UTF-8.");
        }
    }
}
