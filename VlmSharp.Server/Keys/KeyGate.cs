using Microsoft.AspNetCore.Http;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Keys;

/// <summary>Runs before every route except the open ones: finds the client of a request's key, and applies the client's limits.</summary>
internal sealed class KeyGate
{
    private readonly KeyFile? file;
    private readonly KeyRing? ring;
    private readonly ClientLimits limits;

    /// <summary>Reads the keys.</summary>
    /// <param name="path">The file of keys, or null.</param>
    /// <param name="keys">Further keys, one per line, or null.</param>
    /// <param name="limits">What each client may use.</param>
    /// <param name="warn">Receives warnings.</param>
    /// <exception cref="KeyFormatException">Keys cannot be read.</exception>
    public KeyGate(string? path, string? keys, ClientLimitOptions limits, Action<string> warn)
    {
        this.limits = new ClientLimits(limits);
        if (keys is not null)
        {
            var warnings = new List<string>();
            ring = KeyRing.Parse(keys, "The keys of the environment", warnings);
            warnings.ForEach(warn);
        }

        if (path is not null) file = new KeyFile(path, ring, warn);
    }

    /// <summary>Whether requests need a key.</summary>
    public bool HasKeys => file is not null || ring is not null;

    /// <summary>Runs the rest of the pipeline for allowed requests. An unknown path needs a key too.</summary>
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if ((file?.Current ?? ring) is not { } keys || http.GetEndpoint()?.Metadata.GetMetadata<OpenRoute>() is not null)
        {
            await next(http);
            return;
        }

        string? header = http.Request.Headers.Authorization;
        RequestRecord record = RequestRecord.Of(http);
        if (!keys.TryFind(header, out string client))
        {
            record.Rejection = Rejection.Unauthorized;
            throw KeyRing.Refusal(header is not null);
        }

        record.Client = client;
        using IDisposable visit = Enter(client, record);
        await next(http);
    }

    private IDisposable Enter(string client, RequestRecord record)
    {
        try
        {
            return limits.Enter(client);
        }
        catch (Errors.ApiException)
        {
            record.Rejection = Rejection.ClientLimit;
            throw;
        }
    }
}
