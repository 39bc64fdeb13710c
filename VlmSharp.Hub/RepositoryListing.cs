using System.Text.Json;

namespace VlmSharp.Hub;

/// <summary>The files of a repository at one commit.</summary>
/// <param name="Commit">The commit, 40 digits.</param>
/// <param name="Files">The names of all files.</param>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<string> Files)
{
    private const int MostBytes = 16 << 20, MostFiles = 100_000, MostDepth = 32;

    /// <summary>Requests the listing from the hub.</summary>
    /// <exception cref="HubException">The model or revision does not exist or may not be read, or the response is not from a
    /// hub.</exception>
    public static async Task<RepositoryListing> GetAsync(
        HubTransport transport, HubOptions options, HubModel model, CancellationToken cancellationToken)
    {
        var uri = new Uri($"{options.Root}/api/models/{model.Name}/revision/{Uri.EscapeDataString(model.Revision)}");
        byte[] bytes = await transport.GetSmallAsync(uri, MostBytes, cancellationToken).ConfigureAwait(false);
        return Read(bytes, options, model);
    }

    /// <summary>Parses the listing in a response.</summary>
    /// <exception cref="HubException">The response is not a listing, or it contains a dangerous file name.</exception>
    internal static RepositoryListing Read(ReadOnlyMemory<byte> json, HubOptions options, HubModel model)
    {
        try
        {
            return Read(json, model);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw HubErrors.NotAHub($"The answer about {model.Name} is no listing of files", options.Root, e);
        }
    }

    private static RepositoryListing Read(ReadOnlyMemory<byte> json, HubModel model)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MostDepth });
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("sha", out JsonElement sha)
            || !root.TryGetProperty("siblings", out JsonElement siblings))
            throw new FormatException("no sha, or no siblings");
        string commit = sha.GetString() ?? "";
        if (!HubModel.IsCommitHash(commit) || siblings.GetArrayLength() > MostFiles)
            throw new FormatException("no commit, or too many files");
        if (model.IsCommit && model.Revision != commit) throw new FormatException("another commit");
        var files = new List<string>();
        foreach (JsonElement sibling in siblings.EnumerateArray())
        {
            string name = sibling.GetProperty("rfilename").GetString() ?? "";
            if (RepositoryPath.Problem(name) is { } problem) throw HubErrors.UnsafeFileName(model.Name, name, problem);
            files.Add(name);
        }

        return new RepositoryListing(commit, files);
    }
}
