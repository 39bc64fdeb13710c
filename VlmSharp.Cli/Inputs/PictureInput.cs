using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Cli.Inputs;

/// <summary>A picture named on the command line: a file, or <c>-</c> for the bytes on standard input.</summary>
internal static class PictureInput
{
    /// <summary>The name of standard input.</summary>
    public const string Standard = "-";

    /// <summary>Reads and decodes a picture.</summary>
    /// <param name="path">The path, or -.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    public static RgbImage Load(string path, ImageOptions? options = null) =>
        path == Standard ? PipedInput.Standard.Picture(options) : ImageFile.Load(path, options);

    /// <summary>Reads and resizes it while it is decoded, which takes less memory than the whole picture.</summary>
    /// <param name="path">The path, or -.</param>
    /// <param name="side">Columns and rows of the result.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    public static ResizedImage LoadResized(string path, int side, ImageOptions? options = null) =>
        path == Standard ? PipedInput.Standard.Picture(side, options) : ImageFile.LoadResized(path, side, side, options);

    /// <summary>Reads it as a model sees it.</summary>
    /// <param name="path">The path, or -.</param>
    /// <param name="preprocessor">The model's.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    public static ResizedImage Load(string path, ImagePreprocessor preprocessor, ImageOptions? options = null) =>
        LoadResized(path, preprocessor.Config.Size, options);

    /// <summary>The base name of files made from a picture.</summary>
    /// <param name="path">The path, or -.</param>
    public static string NameOf(string path) => path == Standard ? "stdin" : Path.GetFileNameWithoutExtension(path);
}
