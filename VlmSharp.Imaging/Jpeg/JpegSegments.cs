using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// The tables and notes that a JPEG's marker segments have defined so far (ITU T.81, sections B.2.2 to B.2.4).
/// </summary>
internal sealed class JpegSegments(DecodeContext context)
{
    private readonly ushort[]?[] quantization = new ushort[]?[4];
    private readonly JpegHuffmanTable?[] dc = new JpegHuffmanTable?[4];
    private readonly JpegHuffmanTable?[] ac = new JpegHuffmanTable?[4];
    private bool hasJfif;
    private int adobeTransform = -1;
    private int exifOrientation;
    private int xmpOrientation;

    /// <summary>The frame header, once it has been seen.</summary>
    public JpegFrame? Frame { get; private set; }

    /// <summary>MCUs between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>The orientation noted in EXIF or else XMP; 0 if none.</summary>
    public int Orientation => exifOrientation != 0 ? exifOrientation : xmpOrientation;

    /// <summary>Takes in a segment other than SOS.</summary>
    /// <param name="marker">The marker's second byte.</param>
    /// <param name="data">The segment without its length.</param>
    /// <param name="fileBytes">The size of the file, for plausibility.</param>
    public void Take(byte marker, ReadOnlySpan<byte> data, int fileBytes)
    {
        switch (marker)
        {
            case 0xC0 or 0xC1 or 0xC2:
                TakeFrame(data, marker == 0xC2, fileBytes);
                break;
            case 0xC4:
                TakeHuffmanTables(data);
                break;
            case 0xC3 or 0xC5 or 0xC6 or 0xC7 or (>= 0xC9 and <= 0xCF and not 0xCC):
                throw context.Unsupported(FrameKind(marker));
            case 0xDB:
                TakeQuantization(data);
                break;
            case 0xDD:
                RestartInterval = data.Length >= 2
                    ? BinaryPrimitives.ReadUInt16BigEndian(data)
                    : throw context.Damaged("its DRI segment is too short");
                break;
            case 0xE0:
                hasJfif |= data.Length >= 14 && data.StartsWith("JFIF\0"u8);
                break;
            case 0xE1 when data.StartsWith("Exif\0"u8) && data.Length > 6:
                if (exifOrientation == 0)
                    exifOrientation = ExifOrientation.FromTiff(data[6..]);
                break;
            case 0xE1 when data.StartsWith("http://ns.adobe.com/xap/1.0/\0"u8):
                xmpOrientation = ExifOrientation.FromXmp(data);
                break;
            case 0xEE when data.Length >= 12 && data.StartsWith("Adobe"u8):
                adobeTransform = data[11];
                break;
        }
    }

    /// <summary>Reads a scan header and resolves the tables it names.</summary>
    public JpegScan ReadScan(ReadOnlySpan<byte> data)
    {
        JpegFrame frame = Frame ?? throw context.Damaged("a scan comes before the frame header");
        int count = data.IsEmpty ? 0 : data[0];
        if (count is < 1 or > 4 || data.Length < 4 + 2 * count)
            throw context.Damaged("a scan header has a wrong length");
        ReadOnlySpan<byte> band = data[(1 + 2 * count)..];
        (int first, int last, int high, int low) = frame.Progressive ? (band[0], band[1], band[2] >> 4, band[2] & 15) : (0, 63, 0, 0);
        CheckBand(frame, count, first, last, high, low);
        bool needsDc = first == 0 && high == 0, needsAc = last > 0;
        var parts = new JpegScanComponent[count];
        int blocks = 0;
        for (int i = 0; i < count; i++)
        {
            byte id = data[1 + 2 * i], tables = data[2 + 2 * i];
            JpegComponent component = frame.Components.FirstOrDefault(c => c.Id == id && !parts.Any(p => p.Component == c))
                ?? throw context.Damaged($"a scan names component {id}, which the frame does not have");
            component.Quantization ??= quantization[component.TableIndex]
                ?? throw context.Damaged($"quantization table {component.TableIndex} is missing");
            parts[i] = new JpegScanComponent(component, needsDc ? Table(dc, tables >> 4) : null, needsAc ? Table(ac, tables & 15) : null);
            if (needsDc && !parts[i].Dc!.FitsDc)
                throw context.Damaged("a Huffman table for DC coefficients has values over 15");
            component.Seen |= needsDc;
            blocks += component.HorizontalFactor * component.VerticalFactor;
        }
        if (count > 1 && blocks > 10)
            throw context.Damaged($"an MCU has {blocks} blocks, more than 10");
        return new JpegScan(parts, first, last, high, low);
    }

    /// <summary>What the components mean, by the rules of libjpeg.</summary>
    public JpegColorSpace ColorSpace()
    {
        JpegComponent[] components = Frame!.Components;
        if (components.Length == 1)
            return JpegColorSpace.Gray;
        if (components.Length == 4)
            return adobeTransform <= 0 ? JpegColorSpace.Cmyk : JpegColorSpace.Ycck;
        if (hasJfif)
            return JpegColorSpace.YCbCr;
        if (adobeTransform >= 0)
            return adobeTransform == 0 ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr;
        bool named = components[0].Id == 'R' && components[1].Id == 'G' && components[2].Id == 'B';
        return named ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr;
    }

    private JpegHuffmanTable Table(JpegHuffmanTable?[] tables, int index)
    {
        if (index > 3)
            throw context.Damaged($"Huffman table {index} does not exist");
        return tables[index] ??= JpegStandardTables.Find(tables == dc, index, context)
            ?? throw context.Damaged($"Huffman table {index} is missing");
    }

    private void CheckBand(JpegFrame frame, int count, int first, int last, int high, int low)
    {
        if (!frame.Progressive)
            return;
        bool valid = first == 0 ? last == 0 : first <= last && last <= 63 && count == 1;
        if (!valid || low > 13 || (high != 0 && high != low + 1))
            throw context.Damaged("a progressive scan has an impossible band");
    }

    private void TakeFrame(ReadOnlySpan<byte> data, bool progressive, int fileBytes)
    {
        if (Frame is not null)
            throw context.Damaged("it has two frame headers");
        if (data.Length < 6 || data.Length < 6 + 3 * data[5])
            throw context.Damaged("its frame header is too short");
        if (data[0] != 8)
            throw context.Unsupported($"{data[0]} bits per sample");
        int height = BinaryPrimitives.ReadUInt16BigEndian(data[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(data[3..]);
        int count = data[5];
        context.CheckSize(width, height);
        if (count is not (1 or 3 or 4))
            throw context.Unsupported($"{count} color components");
        var components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> c = data[(6 + 3 * i)..];
            int across = c[1] >> 4, down = c[1] & 15;
            if (across is < 1 or > 4 || down is < 1 or > 4 || c[2] > 3)
                throw context.Damaged($"component {c[0]} has impossible sampling factors or tables");
            components[i] = new JpegComponent { Id = c[0], HorizontalFactor = across, VerticalFactor = down, TableIndex = c[2] };
        }
        Frame = new JpegFrame { Width = width, Height = height, Progressive = progressive, Components = components };
        Frame.Lay(fileBytes, context);
    }

    private void TakeQuantization(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int bytes = data[0] >> 4 == 0 ? 1 : 2;
            int index = data[0] & 15;
            if (index > 3 || data.Length < 1 + 64 * bytes)
                throw context.Damaged("its quantization tables are malformed");
            var table = new ushort[64];
            for (int k = 0; k < 64; k++)
                table[JpegZigzag.ToRowMajor[k]] = bytes == 1 ? data[1 + k] : BinaryPrimitives.ReadUInt16BigEndian(data[(1 + 2 * k)..]);
            quantization[index] = table;
            data = data[(1 + 64 * bytes)..];
        }
    }

    private void TakeHuffmanTables(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int index = data[0] & 15, kind = data[0] >> 4;
            int total = 0;
            if (data.Length >= 17)
            {
                foreach (byte count in data.Slice(1, 16))
                    total += count;
            }
            if (data.Length < 17 + total || total > 256 || index > 3 || kind > 1)
                throw context.Damaged("its Huffman tables are malformed");
            (kind == 0 ? dc : ac)[index] = new JpegHuffmanTable(data.Slice(1, 16), data.Slice(17, total), context);
            data = data[(17 + total)..];
        }
    }

    private static string FrameKind(byte marker) => marker switch
    {
        0xC3 => "lossless coding",
        >= 0xC9 => "arithmetic coding",
        _ => "hierarchical coding",
    };
}
