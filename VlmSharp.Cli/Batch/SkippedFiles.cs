using System.Globalization;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// Counts the files of folders that are not tried, by their kind: pictures of formats that are not read, and what is no picture.
/// </summary>
internal sealed class SkippedFiles
{
    private const string AppleMetadata = "macOS metadata", Other = "other";

    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>How many there are of each kind.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Whether a file of a folder is to be tried; counts it where it is not.</summary>
    /// <param name="path">Its path in the folder, with slashes.</param>
    public bool IsTried(string path)
    {
        if (path.EndsWith('/')) return false; // an object that stands for a folder
        bool isMetadata = PictureNames.IsAppleMetadata(path);
        if (!isMetadata && PictureNames.IsPicture(path)) return true;
        string kind = isMetadata ? AppleMetadata : PictureNames.UnreadKind(path) ?? Other;
        counts[kind] = counts.GetValueOrDefault(kind) + 1;
        return false;
    }

    /// <summary>The counts as text: <c>3 HEIC, 1 TIFF, 2 other</c>; empty where there are none.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, long>> counts) =>
        string.Join(", ", counts.OrderBy(pair => pair.Key == Other).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
}
