using System.Net;

namespace Load.Run;

/// <summary>What is put under load, and what is known of its processes.</summary>
internal sealed record LoadTarget
{
    /// <summary>Where SIP over TLS is spoken.</summary>
    public required IPEndPoint Sip { get; init; }

    /// <summary>The public API.</summary>
    public required Uri Api { get; init; }

    /// <summary>The domain served.</summary>
    public required string Domain { get; init; }

    /// <summary>The name that the SIP certificate must carry.</summary>
    public required string ServerName { get; init; }

    /// <summary>Authority of the server's certificates, PEM; null: those that the system trusts.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Prometheus endpoints of core and edges.</summary>
    public IReadOnlyList<Uri> Metrics { get; init; } = [];

    /// <summary>Process ids by the names of parts: read anew each time, since a part that dies is started again.</summary>
    public Func<IReadOnlyDictionary<string, IReadOnlyList<int>>> Processes { get; init; } = static () => new Dictionary<string, IReadOnlyList<int>>();

    /// <summary>Restarts the edges, run by /bin/sh; null: their processes get a signal and something else starts them again.</summary>
    public string? RestartCommand { get; init; }

    /// <summary>How long the server keeps an undelivered message; its API tells.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromHours(72);
}
