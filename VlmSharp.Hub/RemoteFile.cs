using System.Text.RegularExpressions;

namespace VlmSharp.Hub;

/// <summary>A file on the hub.</summary>
/// <param name="Name">Its name in the repository.</param>
/// <param name="Uri">Its address at its commit, so that it never changes.</param>
/// <param name="ETag">Its hash, which names its blob: SHA-256 for files in LFS (64 digits), git's SHA-1 for others (40 digits).</param>
/// <param name="Size">Size in bytes.</param>
internal sealed partial record RemoteFile(string Name, Uri Uri, string ETag, long Size)
{
    private const long MostBytes = 1L << 42;

    /// <summary>Requests the properties of a file from the hub.</summary>
    /// <exception cref="HubException">The file is not available, or the response lacks required headers.</exception>
    public static async Task<RemoteFile> GetAsync(
        HubTransport transport, HubOptions options, HubModel model, string commit, string name, CancellationToken cancellationToken)
    {
        string path = string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
        var uri = new Uri($"{options.Root}/{model.Name}/resolve/{commit}/{path}");
        using HttpResponseMessage answer = await transport.SendAsync(HttpMethod.Head, uri, name, cancellationToken).ConfigureAwait(false);
        // Files in LFS are stored elsewhere: the hub responds with a redirect whose own size and ETag mean nothing.
        string etag = Normalized(Header(answer, "X-Linked-ETag") ?? answer.Headers.ETag?.Tag ?? Header(answer, "ETag"));
        long? own = answer.IsSuccessStatusCode ? answer.Content.Headers.ContentLength : null;
        long? size = long.TryParse(Header(answer, "X-Linked-Size"), out long linked) ? linked : own;
        if (Header(answer, "X-Repo-Commit") is { } at && at != commit)
            throw HubErrors.NotAHub($"{name} was answered from another commit", options.Root);
        if (!HashPattern().IsMatch(etag)) throw HubErrors.NotAHub($"{name} was answered without a checksum", options.Root);
        if (size is not (>= 0 and <= MostBytes)) throw HubErrors.NotAHub($"{name} was answered without its size", options.Root);
        return new RemoteFile(name, uri, etag, size.Value);
    }

    /// <summary>An ETag as a file name: without the prefix W/ and without quotes.</summary>
    internal static string Normalized(string? etag) =>
        (etag?.StartsWith("W/", StringComparison.Ordinal) == true ? etag[2..] : etag ?? "").Trim('"');

    private static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    [GeneratedRegex(@"^(?:[0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex HashPattern();
}
