using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP;

/// <summary>
/// The relevant parts of a WebP file (RFC 9649, section 2): the picture or an animation's first frame, its place on the canvas, and its
/// orientation.
/// </summary>
internal sealed class WebPContainer
{
    private const int RiffHeaderBytes = 12;
    private const int ExtendedBytes = 10;
    private const int FrameHeaderBytes = 16;

    // Flags of the extended header.
    private const int HasXmp = 0x04;
    private const int HasExif = 0x08;
    private const int HasAlpha = 0x10;

    private readonly DecodeContext context;
    private int flags;
    private int exifOrientation;
    private int xmpOrientation;

    /// <summary>Finds the parts.</summary>
    public WebPContainer(ReadOnlySpan<byte> file, DecodeContext context)
    {
        this.context = context;
        uint riffBytes = BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (riffBytes > file.Length - 8)
            throw context.Truncated("its chunks");
        // Data after the container is ignored.
        int position = RiffHeaderBytes, end = (int)riffBytes + 8;
        WebPChunk first = WebPChunk.Take(file, ref position, end, context);
        if (first.Name == WebPChunk.Extended)
            ReadExtended(file, first, position, end);
        else
            TakePart(first);
        if (Picture.Length == 0)
            throw context.Damaged("there is no picture in it");
    }

    /// <summary>Whether the file is an animation, in which the first frame has a position.</summary>
    public bool IsAnimation => (flags & 0x02) != 0;

    /// <summary>Columns of the canvas; 0 when it is as large as the picture.</summary>
    public int CanvasWidth { get; private set; }

    /// <summary>Rows of the canvas; 0 when it is as large as the picture.</summary>
    public int CanvasHeight { get; private set; }

    /// <summary>The frame's first column on the canvas.</summary>
    public int Left { get; private set; }

    /// <summary>The frame's first row on the canvas.</summary>
    public int Top { get; private set; }

    /// <summary>The chunk of the coded picture, lossy or lossless.</summary>
    public WebPChunk Picture { get; private set; }

    /// <summary>The coded alpha of a lossy picture; empty without one.</summary>
    public WebPChunk Alpha { get; private set; }

    /// <summary>The orientation from EXIF or else from XMP; 0 if none.</summary>
    public int Orientation => exifOrientation != 0 ? exifOrientation : xmpOrientation;

    private void ReadExtended(ReadOnlySpan<byte> file, WebPChunk extended, int position, int end)
    {
        ReadOnlySpan<byte> header = extended.Of(file);
        if (header.Length < ExtendedBytes)
            throw context.Damaged("its VP8X chunk is too short");
        flags = header[0];
        CanvasWidth = ReadUInt24(header[4..]) + 1;
        CanvasHeight = ReadUInt24(header[7..]) + 1;
        context.CheckSize(CanvasWidth, CanvasHeight);
        while (position < end)
        {
            WebPChunk chunk = WebPChunk.Take(file, ref position, end, context);
            if (chunk.Name == WebPChunk.Exif && (flags & HasExif) != 0 && exifOrientation == 0)
                exifOrientation = ExifOrientation.FromTiff(WithoutPrefix(chunk.Of(file)));
            else if (chunk.Name == WebPChunk.Xmp && (flags & HasXmp) != 0 && xmpOrientation == 0)
                xmpOrientation = ExifOrientation.FromXmp(chunk.Of(file));
            else if (chunk.Name == WebPChunk.Frame && IsAnimation)
                TakeFrame(file, chunk);
            else if (!IsAnimation)
                TakePart(chunk);
        }
    }

    private void TakeFrame(ReadOnlySpan<byte> file, WebPChunk frame)
    {
        if (Picture.Length > 0)
            return;
        ReadOnlySpan<byte> header = frame.Of(file);
        if (header.Length < FrameHeaderBytes)
            throw context.Damaged("its first frame is too short");
        // Positions are in units of two pixels. The picture itself has the size too. The first frame has nothing below it to blend with.
        (Left, Top) = (2 * ReadUInt24(header), 2 * ReadUInt24(header[3..]));
        flags |= HasAlpha;
        int position = frame.Start + FrameHeaderBytes;
        while (position < frame.End && Picture.Length == 0)
            TakePart(WebPChunk.Take(file, ref position, frame.End, context));
        if (Picture.Length == 0)
            throw context.Damaged("there is no picture in its first frame");
    }

    private void TakePart(WebPChunk chunk)
    {
        if (Picture.Length > 0)
            return;
        if (chunk.Name is WebPChunk.Lossy or WebPChunk.Lossless)
            Picture = chunk;
        else if (chunk.Name == WebPChunk.Alpha && (flags & HasAlpha) != 0)
            Alpha = chunk;
    }

    private static ReadOnlySpan<byte> WithoutPrefix(ReadOnlySpan<byte> exif)
    {
        // Some writers copy the prefix of the block in JPEG files.
        while (exif.StartsWith("Exif\0\0"u8))
            exif = exif[6..];
        return exif;
    }

    private static int ReadUInt24(ReadOnlySpan<byte> bytes) => bytes[0] | bytes[1] << 8 | bytes[2] << 16;
}
