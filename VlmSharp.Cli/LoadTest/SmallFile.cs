using VlmSharp.Imaging;

namespace VlmSharp.Cli.LoadTest;

/// <summary>Reads small files whole, with a size limit.</summary>
internal static class SmallFile
{
    /// <summary>The bytes of a file.</summary>
    /// <param name="path">A file or a pipe.</param>
    /// <param name="most">The maximum size in bytes.</param>
    /// <exception cref="IOException">The path does not exist, is not a file, is too large, or is a git-lfs pointer.</exception>
    public static byte[] Read(string path, int most)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path} does not exist, or is a folder: give a file.");
        using FileStream stream = File.OpenRead(path);
        using var bytes = new MemoryStream();
        byte[] block = new byte[1 << 16];
        for (int count; (count = stream.Read(block)) > 0;) // a pipe has no length
        {
            bytes.Write(block, 0, count);
            if (bytes.Length > most) throw new IOException($"{path} has more than {most} bytes: give a smaller file.");
        }

        byte[] all = bytes.ToArray();
        return WrongDownload.Pointer(all) is { } pointer ? throw new IOException($"{path} {pointer}.") : all;
    }
}
