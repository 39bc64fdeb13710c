using VlmSharp.Imaging;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// A picture of a request, decoded. It counts against <see cref="PictureOptions.MaxBytesHeld"/> until it is disposed of.
/// </summary>
/// <param name="picture">The pixels, upright, and the size of the picture as it was sent.</param>
/// <param name="bytes">Of the file.</param>
/// <param name="format">What the file's first bytes say, for instance JPEG.</param>
/// <param name="sha256">Of the file: 64 hexadecimal digits, lower case.</param>
/// <param name="memory">What was set aside for the pixels; taken over.</param>
internal sealed class ReadPicture(ResizedImage picture, int bytes, string format, string sha256, BufferBudget.Share memory) : IDisposable
{
    /// <summary>The pixels, upright: all of them, or resized.</summary>
    public RgbImage Image { get; } = picture.Image;

    /// <summary>Columns of the picture as it was sent, upright.</summary>
    public int Width { get; } = picture.OriginalWidth;

    /// <summary>Rows of it.</summary>
    public int Height { get; } = picture.OriginalHeight;

    /// <summary>Bytes of the file.</summary>
    public int Bytes { get; } = bytes;

    /// <summary>The format by content, for instance JPEG.</summary>
    public string Format { get; } = format;

    /// <summary>SHA-256 of the whole file, 64 hexadecimal digits: two pictures that share it are the same.</summary>
    public string Sha256 { get; } = sha256;

    /// <summary>What was set aside for the pixels, for somebody who holds them longer than this.</summary>
    public BufferBudget.Share Memory { get; } = memory;

    /// <summary>Gives the memory back to other requests.</summary>
    public void Dispose() => Memory.Dispose();
}
