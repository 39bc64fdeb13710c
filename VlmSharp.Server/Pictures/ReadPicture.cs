using VlmSharp.Imaging;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// A picture of a request, decoded. It counts against <see cref="PictureOptions.MaxBytesHeld"/> until it is disposed of.
/// </summary>
/// <param name="image">The pixels, upright.</param>
/// <param name="bytes">Of the file.</param>
/// <param name="format">What the file's first bytes say, for instance JPEG.</param>
/// <param name="sha256">Of the file: 64 hexadecimal digits, lower case.</param>
/// <param name="memory">What was set aside for the pixels.</param>
internal sealed class ReadPicture(RgbImage image, int bytes, string format, string sha256, PictureMemory.Share memory) : IDisposable
{
    /// <summary>The pixels, upright.</summary>
    public RgbImage Image { get; } = image;

    /// <summary>Bytes of the file.</summary>
    public int Bytes { get; } = bytes;

    /// <summary>The format by content, for instance JPEG.</summary>
    public string Format { get; } = format;

    /// <summary>SHA-256 of the whole file, 64 hexadecimal digits: two pictures that share it are the same.</summary>
    public string Sha256 { get; } = sha256;

    /// <summary>Gives the memory back to other requests. The pixels must not be used any more.</summary>
    public void Dispose() => memory.Dispose();
}
