using System.Text;

namespace VlmSharp.Imaging;

/// <summary>Writes binary PPM files (Netpbm "P6"), a simple format that most tools read.</summary>
public static class PpmWriter
{
    /// <summary>Writes the picture to a stream.</summary>
    /// <param name="image">Written as P6, 3 bytes a pixel.</param>
    /// <param name="stream">Where to write; left open.</param>
    public static void Write(RgbImage image, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Encoding.ASCII.GetBytes($"P6\n{image.Width} {image.Height}\n255\n"));
        stream.Write(image.Pixels);
    }

    /// <summary>Writes the picture to a file, replacing it when the picture is complete.</summary>
    /// <param name="image">Written as P6, 3 bytes a pixel.</param>
    /// <param name="path">Its folder must exist.</param>
    public static void Save(RgbImage image, string path)
    {
        PartialFile.Write(path, stream => Write(image, stream));
    }
}
