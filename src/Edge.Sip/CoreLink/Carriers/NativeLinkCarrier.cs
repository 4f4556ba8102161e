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
    private uint _address;   // of the host's, the one that is called next: another one after each that nobody answers at
    private volatile NativeLink? _link;

    public async Task RunAsync(ILinkTraffic traffic, CancellationToken ending)
    {
        _ = identity.Refresh();
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(_endpoint.IdnHost, ending).ConfigureAwait(false);
        if (addresses.Length == 0) throw new IOException("the core's host has no address");
        for (int tried = 1; ; tried++)
        {
            NativeLink? link = null;
            try
            {
                IPEndPoint core = new(addresses[_address % (uint)addresses.Length], _endpoint.Port);
                link = NativeLink.Connect(core, _endpoint, identity.Tls, transport.ReactorOf(number), traffic);
                _link = link;   // before it begins: the core may be there, and something queued, in no time
                link.Begin();
                using CancellationTokenRegistration end = ending.UnsafeRegister(static link => ((NativeLink)link!).End(), link);
                await link.Over.ConfigureAwait(false);
                return;
            }
            catch (IOException) when (link is not { WasConnected: true } && tried < addresses.Length && !ending.IsCancellationRequested)
            {
                // nobody there: perhaps at the next address
            }
            finally
            {
                if (link is not { WasConnected: true }) _address++;
                _link = null;
            }
        }
    }

    public void Write() => _link?.Write();

    public void Dispose()
    {
        // The link is over when RunAsync has returned; the transport's reactors are the transport's.
    }
}
