using System.Text;
using Microsoft.Win32.SafeHandles;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>Describes a file that was given as data but is not JSON.</summary>
internal static class OtherFile
{
    private const int BeginBytes = 4096, ShownCharacters = 30;

    /// <summary>Describes a file.</summary>
    /// <returns>What it is, in a few words; null where it may be JSON.</returns>
    /// <exception cref="TrainingDataException">It cannot be read.</exception>
    public static string? Describe(string path)
    {
        using SafeFileHandle handle = DataFile.Open(path);
        Span<byte> buffer = stackalloc byte[BeginBytes];
        ReadOnlySpan<byte> begin = buffer[..DataFile.Read(handle, buffer, 0, path)];
        if (begin.StartsWith("\uFEFF"u8)) begin = begin[3..];
        begin = begin.TrimStart(" \t\r\n"u8);
        return begin.Length == 0 ? "an empty file"
            : begin[0] is (byte)'{' or (byte)'[' ? null
            : IsPicture(path) ? "a picture"
            : begin.Contains((byte)0) ? "a binary file"
            : $"a text that begins with {MessageText.Quote(FirstLine(begin))}";
    }

    private static string FirstLine(ReadOnlySpan<byte> text)
    {
        string line = Encoding.UTF8.GetString(text).Split('\n')[0].TrimEnd();
        return line.Length <= ShownCharacters ? line : line[..ShownCharacters] + "...";
    }

    private static bool IsPicture(string path)
    {
        try
        {
            PictureFile.Load(path);
            return true;
        }
        catch (ImageFormatException)
        {
            return false;
        }
    }
}
