namespace Api.Grpc.Options;

/// <summary>The listener of the operators' API, section <c>Admin</c>. It shows the client API's certificate.</summary>
internal sealed record AdminOptions
{
    /// <summary>IP address to listen on. Default loopback: operators open it on purpose.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port; 0 takes a free one (tests). Default 9443.</summary>
    public int Port { get; set; } = 9_443;

    /// <summary>File that holds the bearer token, at least 16 characters; blanks around it are ignored. Required.</summary>
    public string TokenFile { get; set; } = string.Empty;
}
