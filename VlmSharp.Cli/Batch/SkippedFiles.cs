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

    /// <summary>Whether to try an object of a store; counts the object if not.</summary>
    /// <param name="key">Its key below the prefix.</param>
    public bool IsTried(string key) => !key.EndsWith('/') && IsTriedAs(KindOf(key, null)); // one that ends so stands for a folder

    /// <summary>Whether to try a file of a folder; counts the file if not.</summary>
    /// <param name="path">Its path relative to the folder, with slashes.</param>
    /// <param name="folder">The folder that was searched for pictures.</param>
    /// <param name="size">The size of a file to try, in bytes; of a link the size of its target, -1 if that is missing.</param>
    public bool IsTried(string path, string folder, out long size)
    {
        string file = Path.Combine(folder, path);
        size = 0;
        string? kind = KindOf(path, file);
        if (kind is null) (size, kind) = SpecialFile.Of(file);
        return IsTriedAs(kind);
    }

    private static string? KindOf(string path, string? file) =>
        PictureNames.IsAppleMetadata(path) ? AppleMetadata
        : file is not null && LostName.Is(file) ? NotUtf8
        : PictureNames.IsPicture(path) ? null
        : PictureNames.UnreadKind(path) ?? Other;

    private bool IsTriedAs(string? kind)
    {
        if (kind is not null) counts[kind] = counts.GetValueOrDefault(kind) + 1;
        return kind is null;
    }

    /// <summary>The counts as text: <c>3 HEIC, 1 TIFF, 2 other</c>; empty without any.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, long>> counts) =>
        string.Join(", ", counts.OrderBy(pair => pair.Key == Other).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
}
