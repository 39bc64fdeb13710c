using VlmSharp.Cli.Errors;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Options;

/// <summary>
/// Finds the model that <c>--model</c> names: a folder, a name on the hub that is in the cache, or the demo model if none is given.
/// </summary>
internal static class ModelFolder
{
    /// <summary>The model's folder.</summary>
    /// <param name="given">The value of <c>--model</c>, or null.</param>
    /// <returns>The folder. If there is none, the text itself: the code that opens it reports the error.</returns>
    /// <exception cref="UsageException">Nothing is given and there is no demo model.</exception>
    /// <exception cref="HubException">The text is a name on the hub, but the model is not in the cache.</exception>
    public static string Of(string? given)
    {
        if (given is null) return Demo();
        return NameOn(given) is { } model ? HubCache.FromEnvironment(Environment.GetEnvironmentVariable).Find(model).Path : given;
    }

    /// <summary>The model's name on the hub, or null for a folder and for the demo model.</summary>
    public static string? HubName(string? given) => given is null ? null : NameOn(given)?.ToString();

    // A path that exists takes precedence over a name on the hub.
    private static HubModel? NameOn(string given) => !Path.Exists(given) && HubModel.TryParse(given, out HubModel? model) ? model : null;

    private static string Demo()
    {
        string demo = Path.Combine(AppContext.BaseDirectory, "demo", "model");
        return Directory.Exists(demo)
            ? demo
            : throw new UsageException($"No --model was given and the demo model is not at {demo}: give --model DIR.");
    }
}
