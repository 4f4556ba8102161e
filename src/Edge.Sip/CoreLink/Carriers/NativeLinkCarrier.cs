using System.Net;
using Edge.Sip.Transport.Native;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>Carries the link on a reactor, among the clients' connections: nothing on a message's way through the edge changes threads (docs/adr/0017).</summary>
/// <param name="number">Of the link: links share the reactors out among themselves.</param>
/// <param name="endpoint">https://HOST:PORT.</param>
/// <param name="identity">What the edge shows and believes.</param>
/// <param name="transport">Whose reactors.</param>
internal sealed class NativeLinkCarrier(int number, string endpoint, LinkIdentity identity, NativeTransport transport) : ILinkCarrier
{
    private readonly Uri _endpoint = new(endpoint);
    private LinkTls? _tls;
    private int _version;
    private volatile NativeLink? _link;

    public async Task RunAsync(ILinkTraffic traffic, CancellationToken ending)
    {
        LinkTls tls = Tls();
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(_endpoint.DnsSafeHost, ending).ConfigureAwait(false);
        for (int i = 0; ; i++)
        {
            NativeLink link = NativeLink.Connect(new IPEndPoint(addresses[i], _endpoint.Port), _endpoint, tls, transport.ReactorOf(number), traffic);
            _link = link;
            try
            {
                using CancellationTokenRegistration end = ending.UnsafeRegister(static link => ((NativeLink)link!).End(), link);
                await link.Over.ConfigureAwait(false);
                return;
            }
            catch (IOException) when (!link.WasConnected && i + 1 < addresses.Length && !ending.IsCancellationRequested)
            {
                // nobody there: perhaps at the host's next address
            }
            finally
            {
                _link = null;
            }
        }
    }

    public void Write() => _link?.Write();

    public void Dispose() => _tls?.Dispose();

    /// <summary>For a link that is about to be made.</summary>
    private LinkTls Tls()
    {
        int version = identity.Refresh();
        if (_tls is not null && version == _version) return _tls;
        LinkTls fresh = identity.CreateTls();
        _tls?.Dispose();
        (_tls, _version) = (fresh, version);
        return fresh;
    }
}
