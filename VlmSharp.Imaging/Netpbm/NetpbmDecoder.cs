using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Netpbm;

/// <summary>
/// Netpbm's PBM, PGM and PPM, plain (P1, P2, P3) and binary (P4, P5, P6), with any maximum value up to 65535. As in Pillow, samples are
/// scaled to 0..255 with ties to even, except gray with a maximum over 255, which is scaled to 0..65535 and then saturates at 255.
/// </summary>
internal sealed class NetpbmDecoder : IImageDecoder
{
    private const byte White = 255;

    public string Format => "PPM";

    public bool Recognizes(ReadOnlySpan<byte> header) =>
        header.Length >= 3 && header[0] == 'P' && header[1] is >= (byte)'1' and <= (byte)'6'
        && (IsSpace(header[2]) || header[2] == '#');

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        int kind = file[1] - '0';
        var reader = new TokenReader(file[2..], context);
        int width = reader.Number("its header"), height = reader.Number("its header");
        bool bitmap = kind is 1 or 4;
        int max = bitmap ? 1 : reader.Number("its header");
        if (max is < 1 or > 65535)
            throw context.Damaged($"its maximum value {max} is not in 1..65535");
        context.CheckSize(width, height);
        int channels = kind is 3 or 6 ? 3 : 1;
        long samples = (long)width * height * channels;
        // Whatever the kind, a plain sample takes at least one byte, and a binary row its packed bytes.
        long needed = kind switch
        {
            4 => (width + 7L) / 8 * height,
            5 or 6 => samples * (max > 255 ? 2 : 1),
            _ => samples,
        };
        if (kind >= 4)
            reader.SkipOneSpace();
        if (reader.Rest.Length < needed)
            throw context.Truncated("its pixel data");
        context.Begin(sink, width, height);
        byte[] scale = bitmap ? [] : BuildScale(max, channels);
        var row = new byte[width * 3];
        for (int y = 0, at = 0; y < height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (kind == 4)
                ReadBits(reader.Rest[(y * ((width + 7) / 8))..], row);
            else if (kind == 1)
                ReadPlainBits(ref reader, row);
            else if (kind <= 3)
                ReadPlainSamples(ref reader, row, channels, scale);
            else
                at += ReadSamples(reader.Rest[at..], row, channels, scale);
            sink.Take(row);
        }
    }

    private static void ReadBits(ReadOnlySpan<byte> bits, Span<byte> row)
    {
        for (int x = 0; x < row.Length / 3; x++)
        {
            bool black = (bits[x >> 3] >> (7 - (x & 7)) & 1) != 0;
            row.Slice(x * 3, 3).Fill(black ? (byte)0 : White);
        }
    }

    private static void ReadPlainBits(ref TokenReader reader, Span<byte> row)
    {
        for (int i = 0; i < row.Length; i += 3)
            row.Slice(i, 3).Fill(reader.Bit() ? (byte)0 : White);
    }

    private static void ReadPlainSamples(ref TokenReader reader, Span<byte> row, int channels, byte[] scale)
    {
        for (int i = 0; i < row.Length; i += 3)
        {
            for (int channel = 0; channel < channels; channel++)
                row[i + channel] = scale[reader.Sample(scale.Length - 1)];
            if (channels == 1)
                row[i + 1] = row[i + 2] = row[i];
        }
    }

    // Returns the row's length in the file, in bytes.
    private static int ReadSamples(ReadOnlySpan<byte> samples, Span<byte> row, int channels, byte[] scale)
    {
        int max = scale.Length - 1, at = 0;
        for (int i = 0; i < row.Length; i += 3)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                int value = max > 255 ? samples[at++] << 8 | samples[at++] : samples[at++];
                row[i + channel] = scale[Math.Min(max, value)];
            }
            if (channels == 1)
                row[i + 1] = row[i + 2] = row[i];
        }
        return at;
    }

    private static byte[] BuildScale(int max, int channels)
    {
        double top = max > 255 && channels == 1 ? 65535 : 255;
        var scale = new byte[max + 1];
        for (int value = 0; value <= max; value++)
            scale[value] = (byte)Math.Min(255, Math.Round(value / (double)max * top, MidpointRounding.ToEven));
        return scale;
    }

    /// <summary>What separates the words of a header: blank, tab, line feed, vertical tab, form feed, carriage return.</summary>
    public static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Reads decimal numbers separated by white space and comments.</summary>
    private ref struct TokenReader(ReadOnlySpan<byte> bytes, DecodeContext context)
    {
        public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

        public int Number(string within)
        {
            SkipSpaceAndComments();
            if (!Rest.IsEmpty && Rest[0] == '+')
                Rest = Rest[1..]; // Pillow reads with Python's int, which takes a sign
            int value = 0, digits = 0;
            while (!Rest.IsEmpty && Rest[0] is >= (byte)'0' and <= (byte)'9')
            {
                value = value * 10 + (Rest[0] - '0');
                Rest = Rest[1..];
                if (++digits > 9)
                    throw context.Damaged("a number has more than 9 digits");
            }
            if (digits > 0 && (Rest.IsEmpty || IsSpace(Rest[0]) || Rest[0] == '#')) // 7+8, 0x7 and 1_0 are not two numbers
                return value;
            throw Rest.IsEmpty ? context.Truncated(within) : context.Damaged($"a number is missing in {within}");
        }

        public int Sample(int max)
        {
            int value = Number("its pixel data");
            return value <= max ? value : throw context.Damaged($"a sample is {value}, over the maximum of {max}");
        }

        public bool Bit()
        {
            SkipSpaceAndComments();
            if (Rest.IsEmpty)
                throw context.Truncated("its pixel data");
            byte digit = Rest[0];
            if (digit is not ((byte)'0' or (byte)'1'))
                throw context.Damaged("a bit is neither 0 nor 1");
            Rest = Rest[1..];
            return digit == '1';
        }

        public void SkipOneSpace()
        {
            if (Rest.IsEmpty)
                throw context.Truncated("its header");
            if (!IsSpace(Rest[0]))
                throw context.Damaged("its header does not end with white space");
            Rest = Rest[1..];
        }

        private void SkipSpaceAndComments()
        {
            while (!Rest.IsEmpty)
            {
                if (IsSpace(Rest[0]))
                {
                    Rest = Rest[1..];
                }
                else if (Rest[0] == '#')
                {
                    int end = Rest.IndexOfAny((byte)'\n', (byte)'\r');
                    Rest = end < 0 ? [] : Rest[end..];
                }
                else
                {
                    return;
                }
            }
        }
    }
}
