using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Options;

/// <summary>Which hub, which cache, and who asks: the environment of Python's tools, and what the command line says instead.</summary>
internal sealed class HubOptionsBinder
{
    private readonly Option<string?> endpoint = new("--endpoint") { Description = $"The hub's address (default: HF_ENDPOINT, or {HubOptions.DefaultEndpoint.OriginalString}).", HelpName = "URL" };
    private readonly Option<string?> cache = new("--cache") { Description = "The cache's folder (default: HF_HUB_CACHE, or ~/.cache/huggingface/hub).", HelpName = "DIR" };
    private readonly Option<string?> tokenFile = new("--token-file") { Description = "A file with the token (default: HF_TOKEN, or ~/.cache/huggingface/token).", HelpName = "FILE" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { endpoint, cache, tokenFile })
        {
            FileList.RefuseEmpty(option);
            command.Add(option);
        }
    }

    /// <summary>What they say.</summary>
    /// <exception cref="UsageException">The address is none.</exception>
    /// <exception cref="HubException">The token can be none.</exception>
    public HubOptions Bind(ParseResult parsed)
    {
        try
        {
            string? file = parsed.GetValue(tokenFile);
            // A token file of the command line counts alone: the environment's need not even be readable.
            HubOptions options = HubOptions.FromEnvironment(name =>
                file is not null && name.Contains("TOKEN", StringComparison.Ordinal) ? null : Environment.GetEnvironmentVariable(name));
            if (file is not null) options = options with { TokenFile = file, Token = HubToken.Load(file) };
            if (parsed.GetValue(endpoint) is { } url) options = options with { Endpoint = HubOptions.ParseEndpoint(url, endpoint.Name) };
            return parsed.GetValue(cache) is { } folder ? options with { CacheDirectory = Path.GetFullPath(folder) } : options;
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
