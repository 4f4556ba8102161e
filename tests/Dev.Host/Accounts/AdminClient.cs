using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;

namespace Dev.Host.Accounts;

/// <summary>The admin API as an operator's script uses it: JSON over HTTPS, trusting the development authority alone.</summary>
internal sealed class AdminClient : IDisposable
{
    /// <summary>10,000 accounts are a second or two of work for the core; a slow machine gets its time.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly X509Certificate2 _authority;
    private readonly HttpClient _http;

    public AdminClient(int port, string authorityFile, string token)
    {
        _authority = X509CertificateLoader.LoadCertificateFromFile(authorityFile);
        SocketsHttpHandler handler = new();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(_authority);
        _http = new HttpClient(handler) { BaseAddress = new Uri($"https://localhost:{port}/"), Timeout = Deadline };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Creates or updates accounts; the same lines again change nothing.</summary>
    /// <exception cref="StartFailedException">The core refused the whole call or did not answer.</exception>
    public async Task<ImportAnswer> ImportAsync(string csv)
    {
        try
        {
            using HttpResponseMessage answer = await _http.PostAsJsonAsync("v1/accounts:import", new ImportRequest(csv));
            return answer.IsSuccessStatusCode
                ? (await answer.Content.ReadFromJsonAsync<ImportAnswer>())!
                : throw new StartFailedException($"The core refused to import accounts: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            throw new StartFailedException($"The core did not import accounts: {failure.Message}");
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }

    private sealed record ImportRequest([property: JsonPropertyName("csv")] string Csv);
}

/// <summary>What an import did.</summary>
internal sealed record ImportAnswer(int Created, int Updated, int Unchanged, IReadOnlyList<ImportFault>? Faults);

/// <summary>A line that was refused.</summary>
/// <param name="Line">Its number in the chunk, from 1.</param>
/// <param name="Problem">What is wrong with it.</param>
internal sealed record ImportFault(int Line, string Problem);
