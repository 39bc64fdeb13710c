using VlmSharp.Imaging.Bmp;
using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.Gif;
using VlmSharp.Imaging.Jpeg;
using VlmSharp.Imaging.Netpbm;
using VlmSharp.Imaging.Png;
using VlmSharp.Imaging.Stb;
using VlmSharp.Imaging.WebP;

namespace VlmSharp.Imaging;

/// <summary>
/// Opens a picture of any supported format (PNG, JPEG, WebP, BMP, GIF, PPM/PGM/PBM, TGA, PSD) as upright RGB. The format is recognized by
/// content, not by file name. The bytes equal Pillow's <c>exif_transpose(open(file)).convert("RGB")</c>, the input of the published models'
/// reference processors.
/// </summary>
public static class ImageFile
{
    private const string Unnamed = "The picture";

    // In the order in which they are tried.
    private static readonly IImageDecoder[] Decoders =
    [
        new PngDecoder(), new JpegDecoder(), new WebPDecoder(), new GifDecoder(), new PsdDecoder(), new BmpDecoder(), new NetpbmDecoder(),
        new TgaDecoder(), // last: it has no signature
    ];

    /// <summary>Reads and decodes a file or the data of a named pipe.</summary>
    /// <param name="path">The file or pipe.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <returns>The upright picture, three bytes for each pixel.</returns>
    /// <exception cref="ImageFormatException">The file is missing, damaged, unsupported or over a limit.</exception>
    public static RgbImage Load(string path, ImageOptions? options = null) => Load(path, options, CancellationToken.None);

    /// <summary>Like the method above, but decoding ends within a few thousand pixels after the token is canceled.</summary>
    internal static RgbImage Load(string path, ImageOptions? options, CancellationToken cancellationToken)
    {
        options ??= ImageOptions.Default;
        return Decode(ReadFile(path, options), path, options, cancellationToken);
    }

    /// <summary>Reads a stream to its end and decodes it: an upload, a download, an entry of an archive.</summary>
    /// <param name="stream">
    /// The file, from the stream's current position. It need not be seekable, and is left open. At most
    /// <see cref="ImageOptions.MaxFileBytes"/> plus one byte are read, so it may also be endless.
    /// </param>
    /// <param name="name">Its name in error messages: the upload's name, the address.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <returns>The upright picture, three bytes for each pixel.</returns>
    /// <exception cref="ImageFormatException">
    /// The bytes are damaged, unsupported or over a limit, or reading failed: then the inner exception is the stream's
    /// <see cref="IOException"/> or <see cref="InvalidDataException"/>. Other exceptions of the stream are passed on.
    /// </exception>
    public static RgbImage Load(Stream stream, string name = Unnamed, ImageOptions? options = null)
    {
        Check(stream, name);
        options ??= ImageOptions.Default;
        return Decode(ReadToEnd(stream, name, options).Written, name, options);
    }

    /// <summary>The bytes of a stream, in an array of their own.</summary>
    internal static byte[] ReadAll(Stream stream, string name, ImageOptions options)
    {
        BoundedBuffer file = ReadToEnd(stream, name, options);
        try
        {
            return file.Written.ToArray();
        }
        catch (OutOfMemoryException)
        {
            // With no inner exception: the bytes are gone, and cannot be read again when there is more room.
            throw NoRoom(name, BoundedFile.NoRoom(file.Written.Length));
        }
    }

    private static BoundedBuffer ReadToEnd(Stream stream, string name, ImageOptions options)
    {
        try
        {
            var file = new BoundedBuffer(stream, name, options.MaxFileBytes);
            while (stream.Read(file.Room().Span) is var read and > 0) file.Advance(read);
            return file;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw Unreadable(name, e);
        }
        catch (OutOfMemoryException)
        {
            throw NoRoom(name, BoundedFile.NoRoom(null));
        }
    }

    /// <summary>
    /// Like <see cref="Load(Stream, string, ImageOptions?)"/>, but waits for the stream without blocking a thread. The decoding after it is
    /// not asynchronous.
    /// </summary>
    /// <param name="stream">Read to its end, from where it stands; left open.</param>
    /// <param name="name">Its name in error messages.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the reading and the decoding.</param>
    /// <returns>The upright picture, three bytes for each pixel.</returns>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or over a limit, or reading failed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async Task<RgbImage> LoadAsync(
        Stream stream, string name = Unnamed, ImageOptions? options = null, CancellationToken cancellationToken = default)
    {
        Check(stream, name);
        options ??= ImageOptions.Default;
        BoundedBuffer file;
        try
        {
            file = new BoundedBuffer(stream, name, options.MaxFileBytes);
            while (await stream.ReadAsync(file.Room(), cancellationToken).ConfigureAwait(false) is var read and > 0) file.Advance(read);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw Unreadable(name, e);
        }
        catch (OutOfMemoryException)
        {
            throw NoRoom(name, BoundedFile.NoRoom(null));
        }
        return Decode(file.Written, name, options, cancellationToken);
    }

    /// <summary>Decodes a picture that is already in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Its name in error messages: the path, the upload's name.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <returns>The upright picture, three bytes for each pixel.</returns>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or over a limit.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string name = Unnamed, ImageOptions? options = null) =>
        Decode(bytes, name, options, CancellationToken.None);

    /// <summary>Like the method above, but ends within a few thousand pixels after the token is canceled.</summary>
    internal static RgbImage Decode(ReadOnlySpan<byte> bytes, string name, ImageOptions? options, CancellationToken cancellationToken)
    {
        var whole = new Raster();
        DecodeInto(whole, bytes, name, options, cancellationToken);
        return new RgbImage(whole.Width, whole.Height, whole.Pixels);
    }

    /// <summary>
    /// Reads a file and resizes the picture while decoding. The result equals <see cref="Load(string, ImageOptions?)"/> followed by
    /// <see cref="RgbImage.Resize"/>, but the whole picture is never in memory if its format can be decoded row by row.
    /// </summary>
    /// <param name="path">A picture file; messages about it begin with this path.</param>
    /// <param name="width">Columns of the result, at least 1.</param>
    /// <param name="height">Rows of the result, at least 1.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the decoding within a few thousand pixels.</param>
    /// <returns>The small picture, and the size of the whole one.</returns>
    /// <exception cref="ImageFormatException">The file is missing, damaged, unsupported or over a limit.</exception>
    public static ResizedImage LoadResized(
        string path, int width, int height, ImageOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= ImageOptions.Default;
        return DecodeResized(ReadFile(path, options), width, height, path, options, cancellationToken);
    }

    /// <summary>Like <see cref="LoadResized"/>, for a file that is already in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="width">Columns of the result, at least 1.</param>
    /// <param name="height">Rows of the result, at least 1.</param>
    /// <param name="name">Its name in error messages: the path, the upload's name.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the decoding within a few thousand pixels.</param>
    /// <returns>The small picture, and the size of the whole one.</returns>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or over a limit.</exception>
    public static ResizedImage DecodeResized(
        ReadOnlySpan<byte> bytes, int width, int height, string name = Unnamed, ImageOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        RgbImage.ByteCount(width, height); // refuses an invalid size
        var resizer = new RowResizer(width, height);
        DecodeInto(resizer, bytes, name, options, cancellationToken);
        return new ResizedImage(resizer.Finish(), resizer.SourceWidth, resizer.SourceHeight);
    }

    private static void DecodeInto(
        IRowSink sink, ReadOnlySpan<byte> bytes, string name, ImageOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (bytes.IsEmpty)
            throw new ImageFormatException($"{name} is empty; copy or download the picture again.");
        foreach (IImageDecoder decoder in Decoders)
        {
            if (!decoder.Recognizes(bytes))
                continue;
            DecodeContext context = (options ?? ImageOptions.Default).ContextFor(name, decoder.Format, bytes.Length, cancellationToken);
            try
            {
                decoder.Decode(bytes, context, sink);
                return;
            }
            catch (OutOfMemoryException e)
            {
                throw context.OutOfMemory(e);
            }
        }
        if (WrongDownload.WhatIs(bytes) is { } what) throw new ImageFormatException($"{name} {what}.") { Fault = ImageFault.Unsupported };
        string? foreign = ForeignFormats.NameOf(bytes);
        throw new ImageFormatException(foreign is null
            ? $"{name} is not a picture of a format known to VlmSharp; give a PNG, JPEG, WebP, BMP, GIF, PPM, TGA or PSD file."
            : $"{name} is in the {foreign} format, which VlmSharp does not read; convert it to PNG or JPEG.")
        { Fault = ImageFault.Unsupported };
    }

    /// <summary>The name of the format whose decoder takes these bytes, e.g. <c>PNG</c>; null if none does.</summary>
    internal static string? FormatOf(ReadOnlySpan<byte> bytes)
    {
        foreach (IImageDecoder decoder in Decoders)
        {
            if (decoder.Recognizes(bytes))
                return decoder.Format;
        }
        return null;
    }

    private static byte[] ReadFile(string path, ImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(path);
        string name = path.Length > 0 ? path : "The empty path";
        return BoundedFile.Read(
            path, options.MaxFileBytes,
            (what, e) => e switch
            {
                OutOfMemoryException => NoRoom(name, what, e),
                BoundedFile.TooLong => BoundedBuffer.TooLong(name, options.MaxFileBytes, e),
                BoundedFile.WrongFile => new ImageFormatException($"{name} {what}.", e) { Fault = ImageFault.Unsupported },
                _ => new ImageFormatException($"{name} {what}; give the path of a picture.", e),
            },
            pipe => ReadAll(pipe, name, options));
    }

    private static void Check(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        if (!stream.CanRead) throw new ArgumentException("The stream cannot be read: it is closed, or only for writing.", nameof(stream));
    }

    /// <summary>The error for a picture for which memory ran out.</summary>
    /// <param name="name">What messages call the picture: its path, or a name that the caller gave.</param>
    /// <param name="what">What happened, as <see cref="BoundedFile.NoRoom"/> says it.</param>
    /// <param name="e">How it ran out, if the picture can be read again when there is more room.</param>
    internal static ImageFormatException NoRoom(string name, string what, Exception? e = null) =>
        new($"{name} {what}; scale it down, or give the process more memory.", e) { Fault = ImageFault.OverLimit };

    private static ImageFormatException Unreadable(string name, Exception e) =>
        new($"{name} cannot be read to its end: {e.Message.TrimEnd('.')}; try again.", e);
}
