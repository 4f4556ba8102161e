namespace Dev.Host.Clients;

/// <summary>A configuration file with which <c>linphonec -c FILE</c> registers over TLS and checks the server's certificate.</summary>
internal static class LinphoneProfile
{
    /// <param name="options">Domain, port and folder.</param>
    /// <param name="user">The account's name.</param>
    /// <param name="password">Its password: the file has mode 0600.</param>
    public static void Write(RunOptions options, string user, string password)
    {
        Directory.CreateDirectory(options.In("linphone"));
        PrivateFile.WriteSecret(options.In("linphone", $"{user}.rc"), $"""
            [sip]
            sip_port=0
            sip_tcp_port=0
            sip_tls_port=-1
            default_proxy=0
            root_ca={options.In("tls", "ca.pem")}
            verify_server_certs=1
            verify_server_cn=1
            use_ipv6=0
            keepalive_period=30000
            guess_hostname=1

            [proxy_0]
            reg_proxy=<sip:127.0.0.1:{options.SipPort};transport=tls>
            reg_route=<sip:127.0.0.1:{options.SipPort};transport=tls>
            reg_identity=sip:{user}@{options.Domain}
            reg_expires=3600
            reg_sendregister=1
            publish=0

            [auth_info_0]
            username={user}
            passwd={password}
            realm={options.Domain}

            [storage]
            backend=sqlite3
            uri={options.In("linphone", $"{user}.db")}

            """);
    }
}
