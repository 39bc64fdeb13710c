namespace VlmSharp.Imaging;

/// <summary>Reads one picture format.</summary>
public interface IImageDecoder
{
    /// <summary>The format's name as users write it, e.g. <c>PNG</c>.</summary>
    string Format { get; }

    /// <summary>Whether a file that begins with these bytes is of this format.</summary>
    /// <param name="header">The beginning of the file, or all of it.</param>
    /// <returns>True when this decoder should read it.</returns>
    bool Recognizes(ReadOnlySpan<byte> header);

    /// <summary>Decodes the picture (the first one, of an animation), upright if the options ask for it.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What error messages call the file.</param>
    /// <param name="options">Limits and settings.</param>
    /// <returns>The picture without any alpha channel: alpha is dropped, nothing is blended.</returns>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over a limit.</exception>
    RgbImage Decode(ReadOnlySpan<byte> file, string name, ImageOptions options);
}
