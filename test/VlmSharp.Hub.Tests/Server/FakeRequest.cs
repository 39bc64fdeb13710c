namespace VlmSharp.Hub.Tests.Server;

/// <summary>A request that was received.</summary>
/// <param name="IsElsewhere">Whether it came to the second server, which holds the large files.</param>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Path">The path, with its escapes and its query.</param>
/// <param name="Headers">The headers by lower-case names.</param>
internal sealed record FakeRequest(bool IsElsewhere, string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public string? Authorization => Headers.GetValueOrDefault("authorization");

    /// <summary>The first and the last byte that are asked for, or null for all.</summary>
    public (long From, long To)? Range => Headers.GetValueOrDefault("range") is { } text
        && text["bytes=".Length..].Split('-') is [var from, var to]
        ? (long.Parse(from), long.Parse(to))
        : null;
}
