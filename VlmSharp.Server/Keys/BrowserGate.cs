using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Keys;

/// <summary>
/// Keeps foreign web pages from using the server through a browser that can reach it. A page whose name resolves to this machine (DNS
/// rebinding) is recognized by the Host header. A page that sends blindly, as a form does, is recognized by Sec-Fetch-Site and Origin,
/// which no page can set (W3C, Fetch Metadata Request Headers; the checks are in the order of CrossOriginProtection in Go's net/http). If
/// keys are required, no page has one to send.
/// </summary>
/// <param name="hasKeys">Whether requests need a key.</param>
/// <param name="bound">The host that the server was told to listen on.</param>
/// <param name="hosts">Further names of the server. If there are any, they are checked with keys too.</param>
/// <param name="origins">Origins whose pages may use it, for instance https://app.example.com.</param>
internal sealed class BrowserGate(bool hasKeys, string bound, IReadOnlyList<string> hosts, IReadOnlyList<string> origins)
{
    private readonly string[] names = [bound, Dns.GetHostName(), .. hosts];
    private readonly bool checksHost = !hasKeys || hosts.Count > 0;

    /// <summary>Checks what a list of origins has.</summary>
    /// <exception cref="ArgumentException">One is no origin.</exception>
    public static void CheckOrigins(IEnumerable<string> origins)
    {
        foreach (string origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
                || uri.Scheme is not ("http" or "https") || uri.GetLeftPart(UriPartial.Authority) != origin)
                throw new ArgumentException(
                    $"'{origin}' is no origin of pages: write scheme, host and port as a browser does, such as https://app.example.com.");
        }
    }

    /// <summary>Runs the rest of the pipeline for allowed requests.</summary>
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        HttpRequest request = http.Request;
        if (checksHost && !IsOurs(request.Host))
        {
            throw new ApiException(421, "invalid_request_error", "host_not_allowed",
                "The server is not known by this name (the header Host): ask it by its address, "
                + "or start it with --allowed-hosts and the name.");
        }

        if (request.Headers.Origin is [{ } origin] && origins.Contains(origin, StringComparer.Ordinal))
            return ShareAsync(http, origin, next);
        if (!hasKeys && !IsSafe(request.Method) && IsForeign(request))
        {
            throw new ApiException(403, "invalid_request_error", "origin_not_allowed",
                "A web page of another site sent this, and may not use the server: start it with --allow-origins and the page's origin.");
        }

        return next(http);
    }

    /// <summary>
    /// An address cannot be rebound, and names below localhost always mean this machine. Only clients that are not browsers send no Host.
    /// </summary>
    private bool IsOurs(HostString host)
    {
        if (!host.HasValue) return true;
        string name = host.Host.TrimEnd('.');
        return IPAddress.TryParse(name.Trim('[', ']'), out _)
            || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || names.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>These change nothing, and without CORS a page cannot read their answers.</summary>
    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static bool IsForeign(HttpRequest request)
    {
        StringValues site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0) return site.ToString() is not ("same-origin" or "none");
        StringValues origin = request.Headers.Origin;
        if (origin.Count == 0) return false; // no browser, or one from before 2020 that asks for what it may
        return !Uri.TryCreate(origin.ToString(), UriKind.Absolute, out Uri? uri)
            || !uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// CORS (WHATWG Fetch, section 3.3) for an allowed origin: its preflight is answered, and its pages may read answers and errors.
    /// </summary>
    private static Task ShareAsync(HttpContext http, string origin, RequestDelegate next)
    {
        http.Response.OnStarting(() => // late: whoever writes an error clears the headers
        {
            IHeaderDictionary headers = http.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlExposeHeaders = "x-request-id, x-vlmsharp-ignored, retry-after";
            headers.Append("Vary", "Origin");
            return Task.CompletedTask;
        });
        StringValues method = http.Request.Headers.AccessControlRequestMethod;
        if (!HttpMethods.IsOptions(http.Request.Method) || method.Count == 0) return next(http);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        http.Response.Headers.AccessControlAllowMethods = "GET, POST";
        // clients send many of their own
        http.Response.Headers.AccessControlAllowHeaders = http.Request.Headers.AccessControlRequestHeaders;
        http.Response.Headers.AccessControlMaxAge = "600";
        return Task.CompletedTask;
    }
}
