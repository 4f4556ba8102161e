using System.Text;
using System.Text.Unicode;
using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>What a core says to a <see cref="Refresh"/>. Nine of ten answers are this one, so it is read where it lies in the batch, and is valid while it is handed over.</summary>
internal readonly ref struct RefreshAnswer
{
    [ThreadStatic]
    private static Page? _withoutDeliveries;   // one for all: whoever is handed a page reads it and keeps its deliveries at most

    /// <summary>The connection.</summary>
    public ulong Flow { get; private init; }

    /// <summary>The account's user name.</summary>
    public ReadOnlySpan<byte> User { get; private init; }

    public RegisterOutcome Outcome { get; private init; }

    /// <summary>What waits, if the core said so. Its flow and user are those of the answer, and may not be set.</summary>
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
            if (fields.IsValue(Refreshed.FlowFieldNumber)) flow = fields.Value;
            else if (fields.IsBytes(Refreshed.UserFieldNumber)) user = Name(fields.Bytes);
            else if (fields.IsValue(Refreshed.OutcomeFieldNumber)) outcome = fields.Value;
            else if (fields.IsBytes(Refreshed.PageFieldNumber) && !TryReadPage(fields.Bytes, page ??= PageWithoutDeliveries())) return false;
        }

        answer = new RefreshAnswer { Flow = flow, User = user, Outcome = (RegisterOutcome)outcome, Page = page };
        return true;
    }

    private static Page PageWithoutDeliveries()
    {
        Page page = _withoutDeliveries ??= new Page();
        (page.After, page.Upto, page.More, page.Failed) = (0, 0, false, false);
        return page;
    }

    private static bool TryReadPage(ReadOnlySpan<byte> encoded, Page page)
    {
        ReceivedFields fields = new(encoded);
        while (fields.Next())
        {
            if (fields.IsValue(Page.AfterFieldNumber)) page.After = (long)fields.Value;
            else if (fields.IsValue(Page.UptoFieldNumber)) page.Upto = (long)fields.Value;
            else if (fields.IsValue(Page.MoreFieldNumber)) page.More = fields.Value != 0;
            else if (fields.IsValue(Page.FailedFieldNumber)) page.Failed = fields.Value != 0;
            else if (fields.IsBytes(Page.UserFieldNumber)) _ = Name(fields.Bytes);
            else if (fields.IsBytes(Page.DeliveriesFieldNumber)) return false;
        }

        return true;
    }

    private static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> user) => Utf8.IsValid(user) ? user : throw new InvalidDataException("the core sent a user name that is no UTF-8");
}
