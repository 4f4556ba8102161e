extern alias core;

using System.Net;
using System.Security.Cryptography;
using System.Text;
using core::Api.Grpc.EdgeLink;
using core::Api.Grpc.Options;
using core::Edge.Link.V1;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace Fuzz.Targets;

/// <summary>What an edge says, to everything of the core that reads it before the store does: a stolen edge may say anything.</summary>
internal static class LinkUpTarget
{
    private static readonly Keys Ring = new();
    private static readonly IOptions<EdgeLinkOptions> Options = Microsoft.Extensions.Options.Options.Create(new EdgeLinkOptions());
    private static readonly NonceCheck Nonces = new(Ring, TimeProvider.System, Options);
    private static readonly RegistrationTicket Tickets = new(Ring, TimeProvider.System, Options);
    private static readonly DeliveryToken Tokens = new(Ring);
    private static readonly SubmissionId Ids = new(Ring);
    private static readonly AccountVerifiers Verifiers = new(new byte[32], new byte[16], 1);

    public static void Run(ReadOnlySpan<byte> bytes)
    {
        ConnectRequest batch;
        try
        {
            batch = ConnectRequest.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return;   // ends the link
        }

        foreach (EdgeEvent happened in batch.Events) Take(happened);
    }

    private static void Take(EdgeEvent happened)
    {
        switch (happened.EventCase)
        {
            case EdgeEvent.EventOneofCase.Register:
                Take(happened.Register);
                break;
            case EdgeEvent.EventOneofCase.Refresh:
                CheckTicket(happened.Refresh.User, happened.Refresh.Ticket, happened.Refresh.Flow);
                break;
            case EdgeEvent.EventOneofCase.PageRequest:
                CheckTicket(happened.PageRequest.User, happened.PageRequest.Ticket, happened.PageRequest.Flow);
                break;
            case EdgeEvent.EventOneofCase.Submit:
                Take(happened.Submit);
                break;
            case EdgeEvent.EventOneofCase.DeliveryReport:
                Take(happened.DeliveryReport);
                break;
            default:
                break;
        }
    }

    private static void Take(Register register)
    {
        if (register.ClientAddress.Length is 4 or 16) _ = new IPAddress(register.ClientAddress.Span);
        if (!AccountAddress.TryCreate(register.User, register.Domain, out AccountAddress account)) return;
        if (DigestVerifier.FirstValid(register.Digests, account, "REGISTER", Verifiers, takeMd5: true) is not null) throw new InvalidOperationException("a digest of nobody's password");
        foreach (DigestResponse digest in register.Digests)
        {
            if (Nonces.IsFresh(digest.Nonce, "edge-1", register.Flow)) throw new InvalidOperationException("a nonce that nobody made");
        }
    }

    private static void Take(Submit submit)
    {
        CheckTicket(submit.User, submit.Ticket, submit.Flow);
        if (!AccountAddress.TryCreate(submit.User, "example.test", out AccountAddress sender)) return;
        _ = Ids.Of(sender, submit.ClientKey);
        _ = AccountAddress.TryParse(submit.Recipient, "example.test", out _);
        try
        {
            _ = LinkMapping.ToReceipts(submit.ReceiptRequest);
        }
        catch (InvalidDataException)
        {
            // refused: the edge lets no such id pass
        }
    }

    private static void Take(DeliveryReport report)
    {
        if (!Guid.TryParseExact(report.MessageId, "D", out Guid id)) return;
        if (!AccountAddress.TryCreate(report.Sender, "example.test", out AccountAddress sender) || !AccountAddress.TryCreate(report.User, "example.test", out AccountAddress recipient)) return;
        if (Tokens.Verify(report.Token.Span, new MessageKey(sender, id, recipient), new FlowId("edge-1", 7, report.Flow), out _)) throw new InvalidOperationException("a token that nobody gave");
    }

    private static void CheckTicket(string user, ByteString ticket, ulong flow)
    {
        if (!AccountAddress.TryCreate(user, "example.test", out AccountAddress account)) return;
        if (Tickets.TryVerify(ticket.Span, account, new FlowId("edge-1", 7, flow), out _)) throw new InvalidOperationException("a ticket that nobody gave");
    }

    private sealed class Keys : IDerivedKeys
    {
        public byte[] Derive(string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes($"fuzz {purpose}"));
    }
}
