using VlmSharp.Imaging;

namespace VlmSharp.Cli.Inputs;

/// <summary>A picture named on the command line: a file, or <c>-</c> for the bytes on standard input.</summary>
internal static class PictureInput
{
    /// <summary>The name of standard input.</summary>
    public const string Standard = "-";

    /// <summary>Reads and decodes a picture.</summary>
    /// <param name="path">The path, or -.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    public static RgbImage Load(string path) => path == Standard ? PipedInput.Standard.Picture() : ImageFile.Load(path);

    /// <summary>The base name of files made from a picture.</summary>
    /// <param name="path">The path, or -.</param>
    public static string NameOf(string path) => path == Standard ? "stdin" : Path.GetFileNameWithoutExtension(path);
}
