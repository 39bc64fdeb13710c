using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Netpbm;

/// <summary>
/// Netpbm's PBM, PGM and PPM, plain (P1, P2, P3) and binary (P4, P5, P6), with any maximum value up to 65535. As in Pillow,
/// samples are scaled to 0..255 with ties to even, except gray with a maximum over 255, which is scaled to 0..65535 and
/// then saturates at 255.
/// </summary>
internal sealed class NetpbmDecoder : IImageDecoder
{
    private const byte White = 255;

    /// <summary>How often cancellation is looked at.</summary>
    private const int PixelBytesBetweenLooks = 3 << 12;

    public string Format => "PPM";

    public bool Recognizes(ReadOnlySpan<byte> header) =>
        header.Length >= 3 && header[0] == 'P' && header[1] is >= (byte)'1' and <= (byte)'6'
        && (IsSpace(header[2]) || header[2] == '#');

    public Raster Decode(ReadOnlySpan<byte> file, DecodeContext context)
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
        // Whatever the kind, a plain sample needs one byte and a binary row its packed bytes.
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
        var image = new Raster(width, height);
        if (kind == 4)
            ReadBits(reader.Rest, image, context);
        else if (kind == 1)
            ReadPlainBits(reader, image, context);
        else
            ReadSamples(reader, image, kind <= 3, channels, max, context);
        return image;
    }

    private static void ReadBits(ReadOnlySpan<byte> bits, Raster image, DecodeContext context)
    {
        int rowBytes = (image.Width + 7) / 8;
        for (int y = 0; y < image.Height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Span<byte> row = image.Row(y);
            for (int x = 0; x < image.Width; x++)
            {
                bool black = (bits[y * rowBytes + (x >> 3)] >> (7 - (x & 7)) & 1) != 0;
                row.Slice(x * 3, 3).Fill(black ? (byte)0 : White);
            }
        }
    }

    private static void ReadPlainBits(TokenReader reader, Raster image, DecodeContext context)
    {
        byte[] pixels = image.Pixels;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            if (i % PixelBytesBetweenLooks == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            pixels.AsSpan(i, 3).Fill(reader.Bit() ? (byte)0 : White);
        }
    }

    private static void ReadSamples(TokenReader reader, Raster image, bool plain, int channels, int max, DecodeContext context)
    {
        byte[] scale = BuildScale(max, channels);
        byte[] pixels = image.Pixels;
        ReadOnlySpan<byte> binary = reader.Rest;
        bool wide = max > 255;
        int at = 0;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            if (i % PixelBytesBetweenLooks == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            for (int channel = 0; channel < channels; channel++)
            {
                int value;
                if (plain)
                    value = reader.Sample(max);
                else if (wide)
                    value = Math.Min(max, binary[at++] << 8 | binary[at++]);
                else
                    value = Math.Min(max, (int)binary[at++]);
                pixels[i + channel] = scale[value];
            }
            if (channels == 1)
                pixels[i + 1] = pixels[i + 2] = pixels[i];
        }
    }

    private static byte[] BuildScale(int max, int channels)
    {
        double top = max > 255 && channels == 1 ? 65535 : 255;
        var scale = new byte[max + 1];
        for (int value = 0; value <= max; value++)
            scale[value] = (byte)Math.Min(255, Math.Round(value / (double)max * top, MidpointRounding.ToEven));
        return scale;
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Reads decimal numbers separated by white space and comments.</summary>
    private ref struct TokenReader(ReadOnlySpan<byte> bytes, DecodeContext context)
    {
        public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

        public int Number(string within)
        {
            SkipSpaceAndComments();
            int value = 0, digits = 0;
            while (!Rest.IsEmpty && Rest[0] is >= (byte)'0' and <= (byte)'9')
            {
                value = value * 10 + (Rest[0] - '0');
                Rest = Rest[1..];
                if (++digits > 9)
                    throw context.Damaged("a number has more than 9 digits");
            }
            if (digits > 0)
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
