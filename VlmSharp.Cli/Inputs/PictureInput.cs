using VlmSharp.Imaging;

namespace VlmSharp.Cli.Inputs;

/// <summary>A picture that the command line names: a file, or <c>-</c> for the bytes on standard input.</summary>
internal static class PictureInput
{
    /// <summary>What stands for standard input.</summary>
    public const string Standard = "-";

    /// <summary>Reads and decodes it.</summary>
    /// <param name="path">The path, or -.</param>
    /// <exception cref="ImageFormatException">It is no picture that can be read.</exception>
    public static RgbImage Load(string path) => path == Standard ? PipedInput.Standard.Picture() : ImageFile.Load(path);

    /// <summary>What files made from it are named after.</summary>
    /// <param name="path">The path, or -.</param>
    public static string NameOf(string path) => path == Standard ? "stdin" : Path.GetFileNameWithoutExtension(path);
}
