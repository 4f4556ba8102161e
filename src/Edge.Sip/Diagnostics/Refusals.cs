using Edge.Sip.Parsing;

namespace Edge.Sip.Diagnostics;

/// <summary>Every status and cause with which the edge refuses a request: what its counter shows from the start.</summary>
internal static class Refusals
{
    private static readonly (int Status, string Cause)[] Others =
    [
        (400, "bad_recipient"), (400, "bad_text"), (400, "id_reused"), (400, "malformed"),
        (401, "credentials"), (401, "stale"),
        (403, "address_locked_out"), (403, "locked_out"), (403, "other_account"), (403, "proxied"), (403, "third_party"), (403, "too_many_accounts"),
        (404, "unknown_account"), (404, "unknown_domain"), (404, "unknown_recipient"),
        (405, "method"), (413, "text_too_long"), (415, "content_type"), (423, "too_brief"), (480, "over_limit"), (481, "no_dialog"), (483, "max_forwards"),
        (500, "core_fault"), (501, "unknown_method"),
        (503, "address_busy"), (503, "connection_busy"), (503, "core_busy"), (503, "unavailable"),
    ];

    public static IEnumerable<(int Status, string Cause)> All =>
        Enum.GetValues<SipFault>().Where(static fault => fault is not (SipFault.None or SipFault.BadStatusLine)).Select(static fault => (SipFaults.Status(fault), SipFaults.Tag(fault))).Concat(Others);
}
