using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// JPEG (ITU T.81) with Huffman coding, 8 bits: baseline, extended sequential and progressive; gray, YCbCr, RGB, CMYK and
/// YCCK. The samples equal those of libjpeg-turbo's accurate transform with fancy upsampling, which Pillow uses. Stricter
/// than Pillow: compressed data that is damaged or ends early is an error. A progressive file that leaves out refinement
/// scans is shown as it is, without libjpeg's smoothing across blocks.
/// </summary>
internal sealed class JpegDecoder : IImageDecoder
{
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;

    public string Format => "JPEG";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    public Raster Decode(ReadOnlySpan<byte> file, DecodeContext context)
    {
        var segments = new JpegSegments(context);
        ReadSegments(file, segments, context);
        JpegFrame frame = segments.Frame!;
        if (frame.Progressive)
            TransformCoefficients(frame, context);
        return context.Upright(ToRgb(frame, segments.ColorSpace(), context), segments.Orientation);
    }

    private static void ReadSegments(ReadOnlySpan<byte> file, JpegSegments segments, DecodeContext context)
    {
        int position = 2, scans = 0;
        while (true)
        {
            byte marker = NextMarker(file, ref position, context);
            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
                continue;
            if (marker == 0xD8)
                throw context.Damaged("a second picture begins within it");
            if (marker == EndOfImage)
            {
                if (segments.Frame is null || !segments.Frame.Components.All(c => c.Seen))
                    throw context.Damaged("it ends before all color components have come");
                return;
            }
            ReadOnlySpan<byte> data = TakeSegment(file, ref position, context);
            if (marker != StartOfScan)
            {
                segments.Take(marker, data, file.Length);
                continue;
            }
            JpegScan scan = segments.ReadScan(data);
            JpegFrame frame = segments.Frame!;
            if (scans++ == 0)
                frame.Allocate();
            int most = context.MaxJpegScans;
            if (scans > most)
                throw context.OverLimit($"more than {most} scans", "save it as baseline JPEG", nameof(context.MaxJpegScans));
            position = DecodeScan(file, position, segments, scan, context);
            // A sequential picture is complete once each component has come; the end marker may then be missing.
            if (!frame.Progressive && frame.Components.All(c => c.Seen))
                return;
        }
    }

    private static int DecodeScan(ReadOnlySpan<byte> file, int position, JpegSegments segments, JpegScan scan, DecodeContext context)
    {
        var reader = new JpegBitReader(file, position, context);
        if (segments.Frame!.Progressive)
            new JpegProgressiveScan(segments.Frame, scan, segments.RestartInterval, context).Decode(ref reader);
        else
            JpegSequentialScan.Decode(ref reader, segments.Frame, scan, segments.RestartInterval, context);
        return reader.Position;
    }

    // Passes over anything that is not a marker, as decoders commonly do.
    private static byte NextMarker(ReadOnlySpan<byte> file, ref int position, DecodeContext context)
    {
        while (position < file.Length)
        {
            int offset = file[position..].IndexOf((byte)0xFF);
            if (offset < 0)
                break;
            position += offset + 1;
            if (position < file.Length && file[position] is not (0x00 or 0xFF))
                return file[position++];
        }
        throw context.Truncated("its segments");
    }

    private static ReadOnlySpan<byte> TakeSegment(ReadOnlySpan<byte> file, ref int position, DecodeContext context)
    {
        int length = file.Length - position >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(file[position..]) : 0;
        if (length > file.Length - position || file.Length - position < 2)
            throw context.Truncated("a segment");
        if (length < 2)
            throw context.Damaged($"a segment has the length {length}");
        ReadOnlySpan<byte> data = file.Slice(position + 2, length - 2);
        position += length;
        return data;
    }

    private static void TransformCoefficients(JpegFrame frame, DecodeContext context)
    {
        Span<int> workspace = stackalloc int[64];
        foreach (JpegComponent c in frame.Components)
        {
            ReadOnlySpan<short> coefficients = c.Coefficients;
            for (int row = 0; row < c.BlocksDown; row++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                for (int column = 0; column < c.BlocksAcross; column++)
                {
                    ReadOnlySpan<short> block = coefficients.Slice((row * c.PaddedBlocksAcross + column) * 64, 64);
                    Span<byte> samples = c.Samples.AsSpan((row * c.Stride + column) * 8);
                    if (block[1..].IndexOfAnyExcept((short)0) < 0)
                        JpegIdct.Fill(block[0], c.Quantization!, samples, c.Stride);
                    else
                        JpegIdct.Transform(block, c.Quantization!, workspace, samples, c.Stride);
                }
            }
            c.Coefficients = null;
        }
    }

    private static Raster ToRgb(JpegFrame frame, JpegColorSpace space, DecodeContext context)
    {
        var image = new Raster(frame.Width, frame.Height);
        JpegUpsampler[] planes = [.. frame.Components.Select(c => new JpegUpsampler(c, frame))];
        for (int y = 0; y < frame.Height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Span<byte> row = image.Row(y);
            ReadOnlySpan<byte> first = planes[0].Row(y);
            switch (space)
            {
                case JpegColorSpace.Gray:
                    JpegColor.FromRgb(first, first, first, row);
                    break;
                case JpegColorSpace.YCbCr:
                    JpegColor.FromYCbCr(first, planes[1].Row(y), planes[2].Row(y), row);
                    break;
                case JpegColorSpace.Rgb:
                    JpegColor.FromRgb(first, planes[1].Row(y), planes[2].Row(y), row);
                    break;
                case JpegColorSpace.Cmyk:
                    JpegColor.FromRgb(first, planes[1].Row(y), planes[2].Row(y), row);
                    JpegColor.ApplyInk(planes[3].Row(y), row);
                    break;
                default:
                    // YCCK holds the complement of C, M and Y.
                    JpegColor.FromYCbCr(first, planes[1].Row(y), planes[2].Row(y), row);
                    JpegColor.Invert(row);
                    JpegColor.ApplyInk(planes[3].Row(y), row);
                    break;
            }
        }
        return image;
    }
}
