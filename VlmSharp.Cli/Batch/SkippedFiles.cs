using System.Globalization;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>Counts skipped files of folders by kind: pictures in unsupported formats, special files, and what is no picture.</summary>
internal sealed class SkippedFiles
{
    private const string AppleMetadata = "macOS metadata", NotUtf8 = "name not in UTF-8", Other = "other";

    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Number of skipped files of each kind.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Whether to try a file of a folder; counts the file if not.</summary>
    /// <param name="path">Its path relative to the folder, with slashes.</param>
    /// <param name="folder">The folder, if it is one of this machine, whose files can be special.</param>
    public bool IsTried(string path, string? folder = null)
    {
        if (path.EndsWith('/')) return false; // an object that stands for a folder
        string? kind = PictureNames.IsAppleMetadata(path) ? AppleMetadata
            : folder is not null && LostName.Is(Path.Combine(folder, path)) ? NotUtf8
            : !PictureNames.IsPicture(path) ? PictureNames.UnreadKind(path) ?? Other
            : folder is not null ? SpecialFile.KindOf(Path.Combine(folder, path))
            : null;
        if (kind is not null) counts[kind] = counts.GetValueOrDefault(kind) + 1;
        return kind is null;
    }

    /// <summary>The counts as text: <c>3 HEIC, 1 TIFF, 2 other</c>; empty without any.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, long>> counts) =>
        string.Join(", ", counts.OrderBy(pair => pair.Key == Other).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
}
