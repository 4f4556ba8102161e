namespace Dev.Host.Clients;

/// <summary>A configuration file with which <c>linphonec -c FILE</c> registers over TLS and checks the server's certificate.</summary>
internal static class LinphoneProfile
{
    /// <param name="folder">Where <c>USER.rc</c> and the client's own database go.</param>
    /// <param name="authorityFile">The authority that signed the edge's certificate: absolute.</param>
    /// <param name="port">The edge's SIP port on this machine. Its TLS library checks names, not addresses: so the profile says localhost.</param>
    /// <param name="domain">The domain served.</param>
    /// <param name="user">The account's name.</param>
    /// <param name="password">Its password: the file has mode 0600.</param>
    /// <returns>The file's path.</returns>
    public static string Write(string folder, string authorityFile, int port, string domain, string user, string password)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, $"{user}.rc");
        PrivateFile.WriteSecret(file, $"""
            [sip]
            sip_port=0
            sip_tcp_port=0
            sip_tls_port=-1
            default_proxy=0
            root_ca={authorityFile}
            verify_server_certs=1
            verify_server_cn=1
            use_ipv6=0
            keepalive_period=30000
            guess_hostname=1

            [proxy_0]
            reg_proxy=<sip:localhost:{port};transport=tls>
            reg_route=<sip:localhost:{port};transport=tls>
            reg_identity=sip:{user}@{domain}
            reg_expires=3600
            reg_sendregister=1
            publish=0

            [auth_info_0]
            username={user}
            passwd={password}
            realm={domain}

            [storage]
            backend=sqlite3
            uri={Path.Combine(folder, $"{user}.db")}

            """);
        return file;
    }
}
