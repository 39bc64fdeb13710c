using VlmSharp.Hub;

namespace VlmSharp.Cli.Diagnosis;

/// <summary>Checks of the hub's cache and its models, the token, and the address.</summary>
internal static class HubChecks
{
    public static IEnumerable<Finding> All(HubOptions options, Finding token)
    {
        yield return Cache(options.CacheDirectory);
        foreach (CachedModel model in new HubCache(options.CacheDirectory).Models()) yield return Model(model);
        yield return token;
        yield return Finding.Good(
            "endpoint",
            $"{options.Endpoint.OriginalString}{(options.IsOffline ? ", which offline mode forbids to ask" : "")}");
    }

    /// <summary>Sends a request to the hub.</summary>
    public static async Task<Finding> OnlineAsync(HubOptions options, CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan time = await new HubClient(options).CheckAsync(cancellationToken);
            return Finding.Good(
                "online",
                $"the hub answers after {time.TotalMilliseconds:0} ms{(options.Token is null ? "" : ", and knows the token")}");
        }
        catch (HubException e)
        {
            return Finding.Problem("online", $"{e.Kind}", e.Message);
        }
    }

    private static Finding Cache(string folder)
    {
        if (!Directory.Exists(folder)) return Finding.Good("cache", $"{folder}, which the first pull makes");
        return FolderChecks.IsWritable(folder)
            ? Finding.Good("cache", folder)
            : Finding.Warning(
                "cache",
                $"{folder} cannot be written",
                "models in it can be used; for pull put the cache elsewhere with HF_HUB_CACHE, or change its owner");
    }

    private static Finding Model(CachedModel model)
    {
        string text = $"{model.Model}, {ByteText.Of(model.Bytes)}";
        return model.MissingFile is { } missing
            ? Finding.Warning(
                "model",
                $"{text}: {missing} is missing",
                $"run 'vlmsharp pull {model.Model}' if it is meant for vlmsharp; other tools' models may do without")
            : Finding.Good("model", text);
    }

    /// <summary>Whether there is a token, and whether other users can read it.</summary>
    public static Finding Token(HubOptions options)
    {
        if (options.Token is not { } token)
            return Finding.Warning(
                "token",
                "none",
                "models with a license, PaliGemma among them, need one to be fetched: make it at "
                + $"{options.Endpoint.OriginalString.TrimEnd('/')}/settings/tokens and put it into {options.TokenFile}");
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        return !OperatingSystem.IsWindows() && File.Exists(token.Source) && (File.GetUnixFileMode(token.Source) & Others) != 0
            ? Finding.Warning("token", $"from {token.Source}, which others may read", $"chmod 600 {token.Source}")
            : Finding.Good("token", $"from {token.Source}");
    }
}
