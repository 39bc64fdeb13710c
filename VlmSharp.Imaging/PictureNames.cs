namespace VlmSharp.Imaging;

/// <summary>
/// Tells a file's format from its name. A folder's files are classified by name because opening a million of them takes long.
/// </summary>
internal static class PictureNames
{
    /// <summary>The extensions of files that <see cref="ImageFile"/> reads.</summary>
    public static readonly string[] Extensions =
    [
        ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".ppm", ".pgm", ".pbm", ".pnm",
        ".tga", ".psd",
    ];

    // Other files in a folder of pictures, with the common name of their format.
    private static readonly (string Kind, string[] Extensions)[] Others =
    [
        ("HEIC", [".heic", ".heif", ".hif"]),
        ("AVIF", [".avif", ".avifs"]),
        ("TIFF", [".tif", ".tiff"]),
        ("JPEG XL", [".jxl"]),
        ("JPEG 2000", [".jp2", ".j2k", ".jpf", ".jpx"]),
        ("Photoshop", [".psb"]),
        ("SVG", [".svg", ".svgz"]),
        ("icon", [".ico", ".cur", ".icns"]),
        ("camera raw", [".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"]),
        ("OpenEXR", [".exr"]),
        ("DDS", [".dds"]),
        ("QOI", [".qoi"]),
        ("PDF", [".pdf"]),
    ];

    private static readonly Dictionary<string, string> KindOf = Others
        .SelectMany(other => other.Extensions.Select(extension => (extension, other.Kind)))
        .ToDictionary(pair => pair.extension, pair => pair.Kind, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file name is that of a picture that <see cref="ImageFile"/> reads.</summary>
    /// <param name="file">Its name or path.</param>
    public static bool IsPicture(string file) => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The kind of a picture that <see cref="ImageFile"/> does not read, e.g. <c>HEIC</c>; null if the name is not that of a picture.
    /// </summary>
    /// <param name="file">Its name or path.</param>
    public static string? UnreadKind(string file) => KindOf.GetValueOrDefault(Path.GetExtension(file));

    /// <summary>
    /// Whether a path is one of the files that macOS adds to foreign disks and archives: <c>._photo.jpg</c>, and everything in
    /// <c>__MACOSX</c>. They hold no picture, whatever their names.
    /// </summary>
    /// <param name="path">The path, with slashes between its parts.</param>
    public static bool IsAppleMetadata(string path) =>
        path.AsSpan(path.LastIndexOf('/') + 1).StartsWith("._") || path.StartsWith("__MACOSX/", StringComparison.Ordinal)
        || path.Contains("/__MACOSX/", StringComparison.Ordinal);
}
