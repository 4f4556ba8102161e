using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using SIPSorcery.SIP;
using SIPSorcery.SIP.App;

namespace Interop.SipSorcery;

/// <summary>A phone made of SIPSorcery's stack: one TLS connection to the edge, by which it registers, sends and receives.</summary>
internal sealed class Peer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private const int ExpirySeconds = 600;

    private readonly SIPTransport _transport = new();
    private readonly SIPEndPoint _edge;
    private readonly SIPRegistrationUserAgent _registration;
    private readonly X509Certificate2 _authority;
    private readonly Deployment _deployment;
    private readonly string _user;

    public Peer(Deployment deployment, string user, string password)
    {
        (_deployment, _user) = (deployment, user);
        _authority = X509CertificateLoader.LoadCertificateFromFile(deployment.AuthorityFile);
        _edge = new SIPEndPoint(SIPProtocolsEnum.tls, new IPEndPoint(IPAddress.Loopback, deployment.SipPort));
        _transport.AddSIPChannel(new SIPTLSChannel(new IPEndPoint(IPAddress.Loopback, 0), false, IsTrusted));
        _transport.SIPTransportRequestReceived += AnswerAsync;
        _registration = new SIPRegistrationUserAgent(
            _transport, _edge, Address(user), user, password, deployment.Domain, deployment.Domain, new SIPURI(SIPSchemesEnum.sip, IPAddress.Any, 0) { User = user }, ExpirySeconds, null);
    }

    /// <summary>Texts it received, with the names of their senders.</summary>
    public BlockingCollection<(string From, string Text)> Received { get; } = [];

    /// <returns>True for 200; false for a refusal.</returns>
    public async Task<bool> RegisterAsync()
    {
        TaskCompletionSource<bool> registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _registration.RegistrationSuccessful += (_, _) => registered.TrySetResult(true);
        _registration.RegistrationFailed += (_, _, _) => registered.TrySetResult(false);
        _registration.RegistrationTemporaryFailure += (_, _, _) => registered.TrySetResult(false);
        _registration.Start();
        return await registered.Task.WaitAsync(Patience);
    }

    /// <summary>Sends a text.</summary>
    /// <returns>The final status.</returns>
    public async Task<int> SendAsync(string to, string text)
    {
        SIPRequest request = SIPRequest.GetRequest(SIPMethodsEnum.MESSAGE, Address(to), new SIPToHeader(null, Address(to), null), new SIPFromHeader(null, Address(_user), CallProperties.CreateNewTag()));
        request.Header.ContentType = "text/plain;charset=UTF-8";
        request.Body = text;
        TaskCompletionSource<int> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SIPNonInviteTransaction transaction = new(_transport, request, _edge);
        transaction.NonInviteTransactionFinalResponseReceived += (_, _, _, response) =>
        {
            answered.TrySetResult(response.StatusCode);
            return Task.FromResult(SocketError.Success);
        };
        transaction.SendRequest();
        return await answered.Task.WaitAsync(Patience);
    }

    public void Dispose()
    {
        _registration.Stop();
        _transport.Shutdown();
        _authority.Dispose();
        Received.Dispose();
    }

    private SIPURI Address(string user) => SIPURI.ParseSIPURI($"sip:{user}@{_deployment.Domain}");

    private Task AnswerAsync(SIPEndPoint local, SIPEndPoint remote, SIPRequest request)
    {
        bool known = request.Method is SIPMethodsEnum.MESSAGE or SIPMethodsEnum.OPTIONS;
        if (request.Method == SIPMethodsEnum.MESSAGE) Received.Add((request.Header.From.FromURI.User, request.Body));
        return _transport.SendResponseAsync(SIPResponse.GetResponse(request, known ? SIPResponseStatusCodesEnum.Ok : SIPResponseStatusCodesEnum.MethodNotAllowed, null));
    }

    /// <summary>The stack connects to an address, so the name is compared here: the domain's, by our authority and no other.</summary>
    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown || !shown.MatchesHostname(_deployment.Domain)) return false;
        using X509Chain own = new();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.Add(_authority);
        return own.Build(shown);
    }
}
