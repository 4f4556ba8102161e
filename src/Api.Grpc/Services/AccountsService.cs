using System.Text;
using Api.Grpc.Accounts;
using Api.Grpc.Diagnostics;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Accounts;
using Edge.Admin.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Account = Core.Store.Accounts.Account;

namespace Api.Grpc.Services;

/// <summary>The operators' API, by gRPC and by JSON.</summary>
internal sealed class AccountsService(IAccountStore accounts, IOptions<CoreStoreOptions> options, ILogger<AccountsService> logger)
    : Edge.Admin.V1.AccountsService.AccountsServiceBase
{
    private const int MostCsvBytes = 2 * 1_048_576;
    private const int DefaultPageSize = 100;
    private const int MostPageSize = 1_000;

    private static readonly Refused Exists = new(Reason.AccountExists, "There is an account of this name: update it instead.");
    private static readonly Refused Unknown = new(Reason.UnknownAccount, "There is no account of this name.");

    private readonly string _domain = options.Value.Domain.ToLowerInvariant();

    public override async Task<CreateAccountResponse> CreateAccount(CreateAccountRequest request, ServerCallContext context)
    {
        Account account = await accounts.CreateAsync(Address(request.User), Password(request.Password)).ConfigureAwait(false) ?? throw new RefusedException(Exists);
        CoreLog.AccountChanged(logger, "created");
        return new CreateAccountResponse { Account = ToWire(account) };
    }

    public override async Task<UpdateAccountResponse> UpdateAccount(UpdateAccountRequest request, ServerCallContext context)
    {
        Account account = await accounts.UpdateAsync(Address(request.User), Password(request.Password)).ConfigureAwait(false) ?? throw new RefusedException(Unknown);
        CoreLog.AccountChanged(logger, "updated");
        return new UpdateAccountResponse { Account = ToWire(account) };
    }

    public override async Task<DeleteAccountResponse> DeleteAccount(DeleteAccountRequest request, ServerCallContext context)
    {
        int ended = await accounts.DeleteAsync(Address(request.User)).ConfigureAwait(false) ?? throw new RefusedException(Unknown);
        CoreLog.AccountChanged(logger, "deleted");
        return new DeleteAccountResponse { EndedMessages = ended };
    }

    public override async Task<GetAccountResponse> GetAccount(GetAccountRequest request, ServerCallContext context)
    {
        Account account = await accounts.GetAsync(Address(request.User)).ConfigureAwait(false) ?? throw new RefusedException(Unknown);
        return new GetAccountResponse { Account = ToWire(account) };
    }

    public override async Task<ListAccountsResponse> ListAccounts(ListAccountsRequest request, ServerCallContext context)
    {
        if (request.PageSize is < 0 or > MostPageSize) throw new RefusedException(Reason.BadPage, "The page size must be 0 to 1,000.");
        AccountPage page;
        try
        {
            page = await accounts.ListAsync(request.PageSize == 0 ? DefaultPageSize : request.PageSize, request.PageToken).ConfigureAwait(false);
        }
        catch (FormatException)
        {
            throw new RefusedException(Reason.BadPage, "The page token is not one of this server's: start again without one.");
        }

        ListAccountsResponse response = new() { NextPageToken = page.NextPageToken };
        foreach (Account account in page.Accounts) response.Accounts.Add(ToWire(account));
        return response;
    }

    public override async Task<ImportAccountsResponse> ImportAccounts(ImportAccountsRequest request, ServerCallContext context)
    {
        if (Encoding.UTF8.GetByteCount(request.Csv) > MostCsvBytes) throw new RefusedException(Reason.ImportTooLarge, "A call may bring 2 MiB of CSV: send the rest in another.");
        AccountImport import = AccountImport.Read(request.Csv, _domain)
            ?? throw new RefusedException(Reason.ImportTooLarge, "A call may bring 10,000 lines of CSV: send the rest in another.");
        ImportAccountsResponse response = new() { Refused = import.Refused };
        foreach (ImportOutcome outcome in await accounts.ImportAsync(import.Accounts).ConfigureAwait(false))
        {
            if (outcome == ImportOutcome.Created) response.Created++;
            else if (outcome == ImportOutcome.Updated) response.Updated++;
            else response.Unchanged++;
        }

        foreach ((int line, string problem) in import.Faults) response.Faults.Add(new ImportFault { Line = line, Problem = problem });
        CoreLog.AccountsImported(logger, response.Created, response.Updated, response.Unchanged, response.Refused);
        return response;
    }

    private AccountAddress Address(string user) => AccountAddress.TryCreate(user, _domain, out AccountAddress address)
        ? address
        : throw new RefusedException(Reason.BadAccount, "The user name must be 1 to 64 of A-Z a-z 0-9 . _ + -.");

    private static string Password(string password) =>
        PasswordRules.Allow(password) ? password : throw new RefusedException(Reason.BadAccount, PasswordRules.Words);

    private static Edge.Admin.V1.Account ToWire(Account account) => new()
    {
        User = account.Address.User,
        Domain = account.Address.Domain,
        CreateTime = Timestamp.FromDateTimeOffset(account.CreateTime),
        UpdateTime = Timestamp.FromDateTimeOffset(account.UpdateTime),
    };
}
