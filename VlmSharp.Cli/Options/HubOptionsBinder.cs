using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Options;

/// <summary>
/// The hub, the cache and the token. They come from the environment variables of Python's tools; the command line takes precedence.
/// </summary>
internal sealed class HubOptionsBinder
{
    private readonly Option<string?> endpoint = new("--endpoint")
    {
        Description = $"The hub's address (default: HF_ENDPOINT, or {HubOptions.DefaultEndpoint.OriginalString}).",
        HelpName = "URL",
    };
    private readonly Option<string?> cache = new("--cache")
    {
        Description = "The cache's folder (default: HF_HUB_CACHE, or ~/.cache/huggingface/hub).",
        HelpName = "DIR",
    };
    private readonly Option<string?> tokenFile = new("--token-file")
    {
        Description = "A file with the token (default: HF_TOKEN, or ~/.cache/huggingface/token).",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { endpoint, cache, tokenFile })
        {
            FileList.RefuseEmpty(option);
            command.Add(option);
        }
    }

    /// <summary>The hub's options with the token.</summary>
    /// <exception cref="UsageException">The address is not valid.</exception>
    /// <exception cref="HubException">The token is not valid.</exception>
    /// <exception cref="IOException">The token's file cannot be read.</exception>
    public HubOptions Bind(ParseResult parsed)
    {
        HubOptions options = BindWithoutToken(parsed);
        if (parsed.GetValue(tokenFile) is { } file) return options with { TokenFile = file, Token = HubToken.Load(file) };
        return options with { Token = HubOptions.FromEnvironment(WithoutEndpoint).Token };
    }

    /// <summary>The hub's options without the token.</summary>
    /// <exception cref="UsageException">The address is not valid.</exception>
    public HubOptions BindWithoutToken(ParseResult parsed)
    {
        try
        {
            HubOptions options = HubOptions.FromEnvironment(name => name is "HF_HUB_DISABLE_IMPLICIT_TOKEN" ? "1"
                : Environment.GetEnvironmentVariable(name));
            if (parsed.GetValue(tokenFile) is { } file) options = options with { TokenFile = file };
            if (parsed.GetValue(endpoint) is { } url) options = options with { Endpoint = HubOptions.ParseEndpoint(url, endpoint.Name) };
            return parsed.GetValue(cache) is { } folder ? options with { CacheDirectory = Path.GetFullPath(folder) } : options;
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    // BindWithoutToken has already read the address.
    private static string? WithoutEndpoint(string name) => name is "HF_ENDPOINT" ? null : Environment.GetEnvironmentVariable(name);
}
