using System.Text.RegularExpressions;

namespace VlmSharp.Hub;

/// <summary>A file on the hub.</summary>
/// <param name="Name">Its name in the repository.</param>
/// <param name="Uri">Where it is fetched: at its commit, so that it never changes.</param>
/// <param name="ETag">Its hash, under which it is kept: SHA-256 of files in LFS (64 digits), git's SHA-1 of others (40 digits).</param>
/// <param name="Size">Bytes.</param>
internal sealed partial record RemoteFile(string Name, Uri Uri, string ETag, long Size)
{
    private const long MostBytes = 1L << 42;

    /// <summary>Asks the hub about a file.</summary>
    /// <exception cref="HubException">It is not to be had, or the answer lacks what a hub says.</exception>
    public static async Task<RemoteFile> GetAsync(
        HubTransport transport, HubOptions options, HubModel model, string commit, string name, CancellationToken cancellationToken)
    {
        string path = string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
        var uri = new Uri($"{options.Root}/{model.Name}/resolve/{commit}/{path}");
        using HttpResponseMessage answer = await transport.SendAsync(HttpMethod.Head, uri, name, cancellationToken).ConfigureAwait(false);
        // A file in LFS lies elsewhere: the hub's answer is a redirect whose own size and ETag mean nothing.
        string etag = Normalized(Header(answer, "X-Linked-ETag") ?? answer.Headers.ETag?.Tag ?? Header(answer, "ETag"));
        long? own = answer.IsSuccessStatusCode ? answer.Content.Headers.ContentLength : null;
        long? size = long.TryParse(Header(answer, "X-Linked-Size"), out long linked) ? linked : own;
        if (Header(answer, "X-Repo-Commit") is { } at && at != commit) throw HubErrors.NotAHub($"{name} was answered from another commit", options.Root);
        if (!HashPattern().IsMatch(etag)) throw HubErrors.NotAHub($"{name} was answered without a checksum", options.Root);
        if (size is not (>= 0 and <= MostBytes)) throw HubErrors.NotAHub($"{name} was answered without its size", options.Root);
        return new RemoteFile(name, uri, etag, size.Value);
    }

    /// <summary>An ETag as a file's name: without W/ in front and without quotes.</summary>
    internal static string Normalized(string? etag) => (etag?.StartsWith("W/", StringComparison.Ordinal) == true ? etag[2..] : etag ?? "").Trim('"');

    private static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    [GeneratedRegex(@"^(?:[0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex HashPattern();
}
