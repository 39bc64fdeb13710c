using VlmSharp.Imaging.Bmp;
using VlmSharp.Imaging.Gif;
using VlmSharp.Imaging.Jpeg;
using VlmSharp.Imaging.Netpbm;
using VlmSharp.Imaging.Png;
using VlmSharp.Imaging.WebP;

namespace VlmSharp.Imaging.Files;

/// <summary>
/// Opens a picture of any supported format (PNG, JPEG, WebP, BMP, GIF, PPM/PGM/PBM), told apart by content and not by
/// file name, as upright RGB. The bytes equal Pillow's <c>exif_transpose(open(file)).convert("RGB")</c>, which is what the
/// published models' reference processors are fed.
/// </summary>
public static class ImageFile
{
    /// <summary>The decoders, in the order in which they are asked.</summary>
    public static IReadOnlyList<IImageDecoder> Decoders { get; } =
        [new PngDecoder(), new JpegDecoder(), new WebPDecoder(), new GifDecoder(), new BmpDecoder(), new NetpbmDecoder()];

    /// <summary>Reads and decodes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <returns>The picture.</returns>
    /// <exception cref="ImageFormatException">The file is missing, damaged, unsupported or over a limit.</exception>
    public static RgbImage Load(string path, ImageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= ImageOptions.Default;
        byte[] bytes = BoundedFile.Read(path, options.MaxFileBytes, (what, e) => new ImageFormatException($"{(path.Length > 0 ? path : "The empty path")} {what}; give the path of a picture.", e));
        return Decode(bytes, path, options);
    }

    /// <summary>Decodes a picture that is already in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What error messages call it: the path, the upload's name.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <returns>The picture.</returns>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or over a limit.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name, ImageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (bytes.IsEmpty)
            throw new ImageFormatException($"{name} is empty; copy or download the picture again.");
        foreach (IImageDecoder decoder in Decoders)
        {
            if (decoder.Recognizes(bytes))
                return decoder.Decode(bytes, name, options ?? ImageOptions.Default);
        }
        string? foreign = ForeignFormats.NameOf(bytes);
        throw new ImageFormatException(foreign is null
            ? $"{name} is not a picture of a format known to VlmSharp; give a PNG, JPEG, WebP, BMP, GIF or PPM file."
            : $"{name} is in the {foreign} format, which VlmSharp does not read; convert it to PNG or JPEG.");
    }
}
