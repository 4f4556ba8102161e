using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Operators;
using Edge.Admin.V1;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Services;

/// <summary>The operators' API that shows what goes on, by gRPC and by JSON.</summary>
internal sealed class OperationsService(IOperatorViews views, IAccountStore accounts, OperationsMapping mapping, IOptions<CoreStoreOptions> options)
    : Edge.Admin.V1.OperationsService.OperationsServiceBase
{
    private const int DefaultPageSize = 100;
    private const int MostPageSize = 1_000;

    private readonly string _domain = options.Value.Domain.ToLowerInvariant();

    public override async Task<ListRegistrationsResponse> ListRegistrations(ListRegistrationsRequest request, ServerCallContext context)
    {
        int size = PageSize(request.PageSize);
        Page<Core.Store.Operators.Registration> page = request.User.Length > 0
            ? new Page<Core.Store.Operators.Registration>(await views.ListRegistrationsAsync(await KnownAsync(request.User).ConfigureAwait(false)).ConfigureAwait(false), string.Empty)
            : await PagedAsync(() => views.ListRegistrationsAsync(size, request.PageToken)).ConfigureAwait(false);
        return new ListRegistrationsResponse { Registrations = { page.Items.Select(mapping.ToWire) }, NextPageToken = page.NextPageToken };
    }

    public override async Task<ListSessionEventsResponse> ListSessionEvents(ListSessionEventsRequest request, ServerCallContext context) =>
        new() { Events = { (await views.ListSessionEventsAsync(await KnownAsync(request.User).ConfigureAwait(false)).ConfigureAwait(false)).Select(OperationsMapping.ToWire) } };

    public override async Task<ListMessagesResponse> ListMessages(ListMessagesRequest request, ServerCallContext context)
    {
        int size = PageSize(request.PageSize);
        AccountAddress account = await KnownAsync(request.User).ConfigureAwait(false);
        Page<LoggedMessage> page = await PagedAsync(() => views.ListMessagesAsync(account, size, request.PageToken)).ConfigureAwait(false);
        return new ListMessagesResponse { Messages = { page.Items.Select(OperationsMapping.ToWire) }, NextPageToken = page.NextPageToken };
    }

    public override async Task<GetMessageResponse> GetMessage(GetMessageRequest request, ServerCallContext context)
    {
        if (!Guid.TryParseExact(request.MessageId, "D", out Guid id)) throw new RefusedException(Reason.BadMessageId, "The message id must be a UUID.");
        LoggedMessage message = await views.FindMessageAsync(Address(request.User), id).ConfigureAwait(false)
            ?? throw new RefusedException(Reason.UnknownMessage, "This sender has no such message: the path names the sender, and the id is the one that the sender made.");
        return new GetMessageResponse { Message = OperationsMapping.ToWire(message), Events = { OperationsMapping.TimeLine(message) } };
    }

    public override async Task<ListQueueResponse> ListQueue(ListQueueRequest request, ServerCallContext context)
    {
        int size = PageSize(request.PageSize);
        AccountAddress account = await KnownAsync(request.User).ConfigureAwait(false);
        return mapping.ToWire(await PagedAsync(() => views.ListQueueAsync(account, size, request.PageToken)).ConfigureAwait(false));
    }

    public override async Task<ListPoisonedRecordsResponse> ListPoisonedRecords(ListPoisonedRecordsRequest request, ServerCallContext context) =>
        new() { Records = { (await views.ListPoisonedRecordsAsync().ConfigureAwait(false)).Select(OperationsMapping.ToWire) } };

    private static int PageSize(int wanted) => wanted is >= 0 and <= MostPageSize
        ? wanted == 0 ? DefaultPageSize : wanted
        : throw new RefusedException(Reason.BadPage, "The page size must be 0 to 1,000.");

    private static async Task<T> PagedAsync<T>(Func<Task<T>> list)
    {
        try
        {
            return await list().ConfigureAwait(false);
        }
        catch (FormatException)
        {
            throw new RefusedException(Reason.BadPage, "The page token is not one of this server's: start again without one.");
        }
    }

    private async Task<AccountAddress> KnownAsync(string user)
    {
        AccountAddress address = Address(user);
        _ = await accounts.GetAsync(address).ConfigureAwait(false) ?? throw new RefusedException(Reason.UnknownAccount, "There is no account of this name.");
        return address;
    }

    private AccountAddress Address(string user) => AccountAddress.TryCreate(user, _domain, out AccountAddress address)
        ? address
        : throw new RefusedException(Reason.BadAccount, "The user name must be 1 to 64 of A-Z a-z 0-9 . _ + -.");
}
