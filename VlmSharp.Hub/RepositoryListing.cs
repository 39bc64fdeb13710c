using System.Text.Json;

namespace VlmSharp.Hub;

/// <summary>What a repository holds at one commit.</summary>
/// <param name="Commit">The commit, 40 digits.</param>
/// <param name="Files">The names of all files.</param>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<string> Files)
{
    private const int MostBytes = 16 << 20, MostFiles = 100_000, MostDepth = 32;

    /// <summary>Asks the hub.</summary>
    /// <exception cref="HubException">There is no such model or revision, it is not to be read, or the answer is none of a hub.</exception>
    public static async Task<RepositoryListing> GetAsync(HubTransport transport, HubOptions options, HubModel model, CancellationToken cancellationToken)
    {
        var uri = new Uri($"{options.Root}/api/models/{model.Name}/revision/{Uri.EscapeDataString(model.Revision)}");
        byte[] bytes = await transport.GetSmallAsync(uri, MostBytes, cancellationToken).ConfigureAwait(false);
        return Read(bytes, options, model);
    }

    /// <summary>The listing in an answer.</summary>
    /// <exception cref="HubException">It is none, or one with a name that could do harm.</exception>
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
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("sha", out JsonElement sha) || !root.TryGetProperty("siblings", out JsonElement siblings))
            throw new FormatException("no sha, or no siblings");
        string commit = sha.GetString() ?? "";
        if (!HubModel.IsCommitHash(commit) || siblings.GetArrayLength() > MostFiles) throw new FormatException("no commit, or too many files");
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
