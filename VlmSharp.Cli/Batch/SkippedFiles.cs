using System.Globalization;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>Counts skipped files of folders by kind: pictures in unsupported formats, and files that are not pictures.</summary>
internal sealed class SkippedFiles
{
    private const string AppleMetadata = "macOS metadata", Other = "other";

    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Number of skipped files of each kind.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Whether to try a file of a folder; counts the file if not.</summary>
    /// <param name="path">Its path relative to the folder, with slashes.</param>
    public bool IsTried(string path)
    {
        if (path.EndsWith('/')) return false; // an object that stands for a folder
        bool isMetadata = PictureNames.IsAppleMetadata(path);
        if (!isMetadata && PictureNames.IsPicture(path)) return true;
        string kind = isMetadata ? AppleMetadata : PictureNames.UnreadKind(path) ?? Other;
        counts[kind] = counts.GetValueOrDefault(kind) + 1;
        return false;
    }

    /// <summary>The counts as text: <c>3 HEIC, 1 TIFF, 2 other</c>; empty without any.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, long>> counts) =>
        string.Join(", ", counts.OrderBy(pair => pair.Key == Other).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
}
