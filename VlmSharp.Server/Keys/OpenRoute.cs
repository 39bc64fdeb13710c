namespace VlmSharp.Server.Keys;

/// <summary>
/// Metadata of a route that needs no key: health, and the page, which asks for the key itself. All others need one if there are keys.
/// </summary>
internal sealed class OpenRoute
{
    /// <summary>The one instance, which is added to each such route.</summary>
    public static OpenRoute Instance { get; } = new();
}
