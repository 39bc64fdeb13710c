using VlmSharp.Cli.Errors;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Options;

/// <summary>Where the model is that <c>--model</c> names: a folder, a name on the hub that is in the cache, or without it the demo model.</summary>
internal static class ModelFolder
{
    /// <summary>The folder.</summary>
    /// <param name="given">What <c>--model</c> says, or null.</param>
    /// <returns>The folder; where nothing is called so the text itself, about which who opens it says what is wrong.</returns>
    /// <exception cref="UsageException">Nothing is given and there is no demo model.</exception>
    /// <exception cref="HubException">It is a name on the hub, and the model is not in the cache.</exception>
    public static string Of(string? given)
    {
        if (given is null) return Demo();
        return NameOn(given) is { } model ? HubCache.FromEnvironment(Environment.GetEnvironmentVariable).Find(model).Path : given;
    }

    /// <summary>The model's name on the hub, by which a person knows it; null of a folder, which has a name of its own.</summary>
    public static string? HubName(string? given) => given is null ? null : NameOn(given)?.ToString();

    // What is on the disk counts before a name.
    private static HubModel? NameOn(string given) => !Path.Exists(given) && HubModel.TryParse(given, out HubModel? model) ? model : null;

    private static string Demo()
    {
        string demo = Path.Combine(AppContext.BaseDirectory, "demo", "model");
        return Directory.Exists(demo) ? demo : throw new UsageException($"No --model was given and the demo model is not at {demo}: give --model DIR.");
    }
}
