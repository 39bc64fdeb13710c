using System.Net;

namespace VlmSharp.Hub;

/// <summary>Turns responses of the hub and network errors into messages, by status and the hub's own header X-Error-Code.</summary>
internal sealed class AnswerErrors(HubOptions options, HubModel? model)
{
    private string Name => model?.Name ?? "the hub";

    private string Page => $"{options.Root}/{Name}";

    private string TokenPage => $"{options.Root}/settings/tokens";

    private string TokenPlace => options.TokenFile is { } file ? $"HF_TOKEN or the file {file}" : "a file that --token-file names";

    /// <summary>The error of a response whose status is not a success.</summary>
    /// <param name="answer">Its status and headers are read, not its body.</param>
    /// <param name="file">The requested file, or null for the listing.</param>
    /// <returns>The error.</returns>
    public HubException Of(HttpResponseMessage answer, string? file)
    {
        string code = Header(answer, "X-Error-Code"), said = WithoutToken(Header(answer, "X-Error-Message"));
        return (code, answer.StatusCode) switch
        {
            ("RevisionNotFound", _) => RevisionNotFound(),
            ("EntryNotFound", _) => EntryNotFound(file),
            ("GatedRepo", _) => options.Token is null ? NoToken() : LicenseNotAccepted(),
            (_, HttpStatusCode.Unauthorized) when options.Token is { } token
                && said.Contains("Invalid credentials", StringComparison.OrdinalIgnoreCase) => UnknownToken(token),
            ("RepoNotFound", _) or (_, HttpStatusCode.Unauthorized) => ModelNotFound(),
            (_, HttpStatusCode.Forbidden) => Forbidden(),
            (_, HttpStatusCode.ProxyAuthenticationRequired) => ProxyRefuses(),
            (_, HttpStatusCode.TooManyRequests) => RateLimited(answer),
            (_, HttpStatusCode.NotFound) when code.Length == 0 && file is null =>
                HubErrors.NotAHub($"{options.Root}/api has no models", options.Root),
            (_, >= HttpStatusCode.InternalServerError) => new HubException(HubErrorKind.ServerError,
                $"{options.Root} has a fault of its own (status {(int)answer.StatusCode}): run the same command again later; "
                    + "https://status.huggingface.co knows more."),
            _ => HubErrors.NotAHub(
                $"{file ?? Name} was answered with status {(int)answer.StatusCode}"
                + (said.Length > 0 ? $" ({HubErrors.Printable(said)})" : ""),
                options.Root),
        };
    }

    /// <summary>The error of a request that got no response.</summary>
    /// <param name="e">What the HTTP client threw; its kind says whether name, connection or certificate failed.</param>
    /// <param name="to">The address of the request.</param>
    /// <returns>The error.</returns>
    public static HubException Of(HttpRequestException e, Uri to)
    {
        string host = to.IsDefaultPort ? to.Host : $"{to.Host}:{to.Port}";
        string by = ProxyOf(to) is { } proxy ? $" through the proxy {proxy.Host}:{proxy.Port}" : "";
        if (e.StatusCode == HttpStatusCode.ProxyAuthenticationRequired || e.HttpRequestError == HttpRequestError.ProxyTunnelError)
        {
            return new HubException(HubErrorKind.Proxy,
                $"The proxy does not let the request to {host} through: look at HTTPS_PROXY and its password, or name {to.Host} in "
                    + "NO_PROXY.", e);
        }

        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new HubException(HubErrorKind.UnknownHost,
                $"The name of {host} is not known here{by}: look at the network, at HF_ENDPOINT, and, behind a proxy, at "
                    + "HTTPS_PROXY.", e),
            HttpRequestError.SecureConnectionError => new HubException(HubErrorKind.Tls,
                $"No safe connection to {host}{by}: its certificate is not trusted here. Look at the clock; behind a proxy that "
                    + "reads along, have its certificate installed (SSL_CERT_FILE).", e),
            HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded => HubErrors.NotAHub($"The answer of "
                + $"{host} is no HTTP", to.GetLeftPart(UriPartial.Authority), e),
            _ => new HubException(HubErrorKind.Unreachable,
                $"{host} does not answer{by}: look at the network, at HF_ENDPOINT, and, behind a proxy, at HTTPS_PROXY.", e),
        };
    }

    /// <summary>No response in time.</summary>
    public HubException TimedOut(Uri to) => new(HubErrorKind.Timeout,
        $"{to.Host} did not answer within {options.Timeout.TotalSeconds:0} s: run the same command again; "
            + "HF_HUB_DOWNLOAD_TIMEOUT=60 waits longer.");

    /// <summary>More redirects than any hub uses.</summary>
    public HubException TooManyRedirects() => HubErrors.NotAHub($"{Name} leads in a circle of redirects", options.Root);

    private HubException NoToken() => new(HubErrorKind.NoToken,
        $"{Name} has a license to accept, and there is no token: accept it at {Page}, make a token with read access at "
            + $"{TokenPage}, put it into {TokenPlace}, and run the same command again.");

    private HubException LicenseNotAccepted() => new(HubErrorKind.LicenseNotAccepted,
        $"The account of the token from {options.Token!.Source} may not read {Name}: accept its license at {Page}, and run the "
            + "same command again. (A fine-grained token also needs the right to read gated repositories.)");

    public HubException UnknownToken(HubToken token) => new(HubErrorKind.TokenRefused,
        $"The hub does not know the token from {token.Source}: make a new one at {TokenPage} and put it there.");

    private HubException ModelNotFound() => options.Token is { } token
        ? new HubException(HubErrorKind.ModelNotFound,
            $"{options.Root} has no model {Name} that the token from {token.Source} may see: look at its spelling at {Page}.")
        : new HubException(HubErrorKind.ModelNotFound,
            $"{options.Root} has no model {Name} that everyone may see: look at its spelling at {Page}; for a private one put a "
                + $"token into {TokenPlace}.");

    private HubException RevisionNotFound() => new(HubErrorKind.RevisionNotFound,
        $"{Name} has no revision '{model?.Revision}': leave it out for main, or choose one of the branches at {Page}/tree/main.");

    private HubException EntryNotFound(string? file) => new(HubErrorKind.EntryNotFound,
        $"{Name} lists {file ?? "a file"} and does not have it: its owner may be changing it just now; run the same command again, "
            + "or take another revision.");

    private HubException Forbidden() => new(HubErrorKind.TokenRefused, options.Token is { } token
        ? $"The token from {token.Source} lacks the right to read {Name}: give it read access at {TokenPage}."
        : $"The hub forbids to read {Name}: look at {Page}.");

    private HubException ProxyRefuses() => new(HubErrorKind.Proxy,
        $"The proxy does not let the request to {options.Endpoint.Authority} through: look at HTTPS_PROXY and its password, or "
            + $"name {options.Endpoint.Host} in NO_PROXY.");

    private HubException RateLimited(HttpResponseMessage answer) => new(HubErrorKind.RateLimited,
        $"{options.Root} answers no more requests for now (status 429): run the same command again "
            + $"{(RetryAfter.Of(answer) is { } wait ? $"in {Math.Ceiling(wait.TotalSeconds):0} s" : "in some minutes")}"
            + $"{(options.Token is null ? "; with a token the limit is higher" : "")}.");

    /// <summary>Removes the token: a server may repeat what it was sent.</summary>
    private string WithoutToken(string said) =>
        options.Token is { } token ? said.Replace(token.Text, "***", StringComparison.Ordinal) : said;

    private static Uri? ProxyOf(Uri to)
    {
        Uri? proxy = HttpClient.DefaultProxy.IsBypassed(to) ? null : HttpClient.DefaultProxy.GetProxy(to);
        return proxy == to ? null : proxy;
    }

    private static string Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(' ', values) : "";
}
