using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// JPEG (ITU T.81) with Huffman coding, 8 bits: baseline, extended sequential and progressive; gray, YCbCr, RGB, CMYK and
/// YCCK. The samples equal those of libjpeg-turbo's accurate transform with fancy upsampling, which Pillow uses. Damaged
/// compressed data is read as by libjpeg, and a file that ends within it is an error. If a progressive file has no last scans,
/// <see cref="JpegBlockSmoothing"/> estimates what they would bring.
/// </summary>
internal sealed class JpegDecoder : IImageDecoder
{
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;

    public string Format => "JPEG";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        var segments = new JpegSegments(context);
        int position = 2, scans = 0;
        JpegRows? rows = null;
        while (true)
        {
            byte marker = NextMarker(file, ref position, context);
            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
                continue;
            if (marker == 0xD8)
                throw context.Damaged("a second picture begins within it");
            if (marker == EndOfImage)
            {
                if (rows is null || !segments.Frame!.Components.All(c => c.Seen))
                    throw context.Damaged("it ends before all color components have come");
                Finish(segments.Frame, rows, context);
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
            rows ??= Begin(segments, scan, context, sink);
            int most = context.MaxJpegScans;
            if (++scans > most)
                throw context.OverLimit($"more than {most} scans", "save it as baseline JPEG", nameof(context.MaxJpegScans));
            position = DecodeScan(file, position, segments, scan, rows, context);
            // A sequential picture is complete once each component has come; the end marker may then be missing.
            if (!frame.Progressive && frame.Components.All(c => c.Seen))
            {
                Finish(frame, rows, context);
                return;
            }
        }
    }

    // At the first scan. As in Pillow, what is noted after it (orientation, color space) does not count.
    private static JpegRows Begin(JpegSegments segments, JpegScan scan, DecodeContext context, IRowSink sink)
    {
        JpegFrame frame = segments.Frame!;
        context.Begin(sink, frame.Width, frame.Height, segments.Orientation);
        if (frame.Progressive)
            frame.KeepCoefficients(context);
        if (frame.Progressive || IsWhole(frame, scan))
            frame.KeepTwoRows(context);
        else
            frame.KeepAll(context);
        return new JpegRows(frame, segments.ColorSpace(), context, sink);
    }

    private static bool IsWhole(JpegFrame frame, JpegScan scan) => scan.Components.Length == frame.Components.Length;

    private static int DecodeScan(
        ReadOnlySpan<byte> file, int position, JpegSegments segments, JpegScan scan, JpegRows rows, DecodeContext context)
    {
        JpegFrame frame = segments.Frame!;
        var reader = new JpegBitReader(file, position, context);
        if (frame.Progressive)
            new JpegProgressiveScan(frame, scan, segments.RestartInterval, context).Decode(ref reader);
        else
            JpegSequentialScan.Decode(ref reader, frame, scan, segments.RestartInterval, IsWhole(frame, scan) ? rows : null, context);
        return reader.Position;
    }

    private static void Finish(JpegFrame frame, JpegRows rows, DecodeContext context)
    {
        if (frame.Progressive)
        {
            JpegBlockSmoothing? smoothing = JpegBlockSmoothing.For(frame);
            for (int mcuRow = 0; mcuRow < frame.McusDown; mcuRow++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                JpegCoefficients.Transform(frame, mcuRow, smoothing);
                rows.Emit((mcuRow + 1) * 8 * frame.MaxVerticalFactor);
            }
        }
        rows.EmitRest();
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
}
