using System.Buffers.Text;
using System.Text;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A picture encoded for requests: encoded once, sent often.</summary>
/// <param name="Path">Its file.</param>
/// <param name="DataUri">Its bytes as a data URI, in ASCII.</param>
internal sealed record LoadPicture(string Path, ReadOnlyMemory<byte> DataUri)
{
    private const int MostBytes = 32 << 20;

    /// <summary>Reads a file. It is sent unchanged, so that a server can refuse unknown formats.</summary>
    /// <exception cref="IOException">The file does not exist or is too large.</exception>
    public static LoadPicture Read(string path)
    {
        byte[] bytes = SmallFile.Read(path, MostBytes);
        ReadOnlySpan<byte> head = Encoding.ASCII.GetBytes($"data:{TypeOf(path)};base64,");
        byte[] uri = new byte[head.Length + Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        head.CopyTo(uri);
        Base64.EncodeToUtf8(bytes, uri.AsSpan(head.Length), out _, out int written);
        return new LoadPicture(path, uri.AsMemory(0, head.Length + written));
    }

    private static string TypeOf(string path) => System.IO.Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".JPG" or ".JPEG" or ".JPE" or ".JFIF" => "image/jpeg",
        ".WEBP" => "image/webp",
        ".GIF" => "image/gif",
        ".BMP" or ".DIB" => "image/bmp",
        ".PPM" or ".PGM" or ".PBM" or ".PNM" => "image/x-portable-anymap",
        _ => "image/png",
    };
}
