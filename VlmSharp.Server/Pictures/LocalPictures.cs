using VlmSharp.Imaging;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Reads pictures from <see cref="PictureOptions.AllowedLocalMediaPath"/>. A path is checked after every link and every ".." in it is
/// resolved, and a path outside the folder gets the same answer whether it exists or not.
/// </summary>
internal sealed class LocalPictures
{
    /// <summary>Linux's limit: more links are treated as a loop.</summary>
    private const int MostLinks = 40;

    private static readonly StringComparison Comparison =
        OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly string given, root;

    /// <summary>Opens the folder.</summary>
    /// <exception cref="ArgumentException">It does not exist.</exception>
    public LocalPictures(string folder)
    {
        given = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        root = Directory.Exists(given) && Resolve(given) is { } real
            ? Path.TrimEndingDirectorySeparator(real)
            : throw new ArgumentException($"The folder '{folder}' for local pictures does not exist.", nameof(folder));
    }

    /// <summary>Whether the text begins as the URL of a file does.</summary>
    public static bool Is(string text) => text.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

    /// <summary>The bytes of a file.</summary>
    /// <param name="url">file:///..., which <see cref="Is"/>.</param>
    /// <param name="most">The most bytes.</param>
    /// <exception cref="Errors.ApiException">400, or 413 for more bytes than that.</exception>
    public byte[] Read(string url, int most)
    {
        if (url.AsSpan().IndexOfAny("?#\\") >= 0
            || !Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || !uri.IsFile || uri.Host.Length > 0)
            throw PictureErrors.InvalidUrl("The image's file URL is not of the form file:///folder/picture.jpg.");
        string text = uri.LocalPath;
        if (text.Any(char.IsControl) || !Path.IsPathFullyQualified(text)) throw Outside();
        string path = Path.GetFullPath(text);
        // Checked before any file system call, so that the answers do not depend on what is outside.
        if (!Holds(given, path) && !Holds(root, path)) throw Outside();
        if (OperatingSystem.IsWindows() && path.LastIndexOf(':') > 1) throw Outside(); // a stream within a file
        try
        {
            if (Resolve(path) is not { } real || !Holds(root, real)) throw Outside();
            if (new FileInfo(real) is { Exists: true } file && file.Length > most) throw PictureErrors.TooManyBytes(most);
            return BoundedFile.Read(real, most, (_, e) => new ImageFormatException("unreadable", e));
        }
        catch (Exception e) when (
            e is (ImageFormatException or IOException or UnauthorizedAccessException) && !Errors.ErrorMiddleware.LacksMemory(e))
        {
            throw PictureErrors.InvalidUrl("The image's file does not exist or cannot be read.");
        }
    }

    private static bool Holds(string folder, string path) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, Comparison);

    private static Errors.ApiException Outside() =>
        PictureErrors.InvalidUrl("The image's file is not in the folder that this server reads files from.");

    /// <summary>
    /// The path with its links resolved, part by part; null if they form a loop. Parts that do not exist are kept.
    /// </summary>
    private static string? Resolve(string path)
    {
        string real = Path.GetPathRoot(path)!;
        var rest = new Stack<string>();
        PushParts(rest, path[real.Length..]);
        int links = 0;
        while (rest.TryPop(out string? part))
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) return null;
            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target)!;
                target = target[real.Length..];
            }
            PushParts(rest, target);
        }
        return real;
    }

    private static void PushParts(Stack<string> rest, string path)
    {
        foreach (string part in path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Reverse())
            if (part is not ("" or ".")) rest.Push(part);
    }
}
