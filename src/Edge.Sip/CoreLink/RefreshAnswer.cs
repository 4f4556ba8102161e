using System.Text;
using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>What a core says to a <see cref="Refresh"/>: nine of ten answers, so it is read where it lies in the batch. Valid while it is handed over.</summary>
internal readonly ref struct RefreshAnswer
{
    [ThreadStatic]
    private static Page? _empty;   // one for all answers that nothing waits for: whoever is handed a page does not keep it

    /// <summary>The connection.</summary>
    public ulong Flow { get; private init; }

    /// <summary>The account's user name.</summary>
    public ReadOnlySpan<byte> User { get; private init; }

    public RegisterOutcome Outcome { get; private init; }

    /// <summary>What waits, if the core said so.</summary>
    public Page? Page { get; private init; }

    /// <summary>The user name as a string, for the few that somebody keeps.</summary>
    public string UserName => Encoding.UTF8.GetString(User);

    public static RefreshAnswer Of(Refreshed refreshed) => new() { Flow = refreshed.Flow, User = Encoding.UTF8.GetBytes(refreshed.User), Outcome = refreshed.Outcome, Page = refreshed.Page };

    /// <summary>Reads it from an encoded <see cref="Refreshed"/>.</summary>
    /// <returns>False if its page has deliveries: those are kept, as objects.</returns>
    /// <exception cref="InvalidDataException">It is no Protobuf message.</exception>
    public static bool TryRead(ReadOnlySpan<byte> encoded, out RefreshAnswer answer)
    {
        answer = default;
        ulong flow = 0, outcome = 0;
        ReadOnlySpan<byte> user = default;
        Page? page = null;
        ReceivedFields fields = new(encoded);
        while (fields.Next())
        {
            if (fields.Number == Refreshed.FlowFieldNumber) flow = fields.Value;
            else if (fields.Number == Refreshed.UserFieldNumber) user = fields.Bytes;
            else if (fields.Number == Refreshed.OutcomeFieldNumber) outcome = fields.Value;
            else if (fields.Number == Refreshed.PageFieldNumber && !TryReadPage(fields.Bytes, page = _empty ??= new Page())) return false;
        }

        answer = new RefreshAnswer { Flow = flow, User = user, Outcome = (RegisterOutcome)outcome, Page = page };
        return true;
    }

    /// <summary>All of a page but flow and user, which are those of the answer.</summary>
    private static bool TryReadPage(ReadOnlySpan<byte> encoded, Page page)
    {
        (page.After, page.Upto, page.More, page.Failed) = (0, 0, false, false);
        ReceivedFields fields = new(encoded);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case Page.AfterFieldNumber:
                    page.After = (long)fields.Value;
                    break;
                case Page.UptoFieldNumber:
                    page.Upto = (long)fields.Value;
                    break;
                case Page.MoreFieldNumber:
                    page.More = fields.Value != 0;
                    break;
                case Page.FailedFieldNumber:
                    page.Failed = fields.Value != 0;
                    break;
                case Page.DeliveriesFieldNumber:
                    return false;
            }
        }

        return true;
    }
}
