using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Stb;

/// <summary>
/// Photoshop documents: the flattened picture that they hold beside their layers, RGB of 8 or 16 bits, plain or with run-length codes.
/// StbImageSharp decodes it. The sections before it are skipped here, so that no length in the file can make the library seek. Without a
/// background the library gets only the first three channels: it assumes that colors with a fourth channel are blended with white, and
/// Pillow does not.
/// </summary>
internal sealed class PsdDecoder : IImageDecoder
{
    private const int HeaderBytes = 26, MostRun = 128;

    public string Format => "PSD";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith("8BPS"u8);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        if (file.Length < HeaderBytes)
            throw context.Truncated("its header");
        int version = Short(file[4..]), stored = Short(file[12..]), bits = Short(file[22..]), mode = Short(file[24..]);
        if (version != 1)
            throw context.Unsupported($"version {version}");
        if (mode != 3 || bits is not (8 or 16) || stored < 3)
            throw context.Unsupported($"color mode {mode}, {stored} channels of {bits} bits");
        if (stored > 56)
            throw context.Damaged($"it has {stored} channels, more than 56");
        context.CheckSize(Long(file[18..]), Long(file[14..]));
        int height = (int)Long(file[14..]), width = (int)Long(file[18..]);
        int position = HeaderBytes;
        for (int section = 0; section < 3; section++)
            position = After(file, position, context);
        if (file.Length - position < 2)
            throw context.Truncated("its pixel data");
        int compression = Short(file[position..]), shown = context.Background is null ? 3 : Math.Min(stored, 4);
        if (compression > 1)
            throw context.Unsupported("pixels compressed by ZIP");
        if (compression == 1 && bits == 16)
            throw context.Unsupported("run lengths of 16-bit samples");
        position += 2;
        // The library skips the table of row lengths, but only the part for the channels that it is given. Skip the rest here.
        if (compression == 1)
            position += 2 * height * (stored - shown);
        long pixels = (long)width * height;
        long needed = compression == 1 ? 2L * height * shown + shown * ((pixels + MostRun - 1) / MostRun * 2) : shown * pixels * (bits / 8);
        if (file.Length - (long)position < needed)
            throw context.Truncated("its pixel data");
        var head = new byte[HeaderBytes + 14]; // and three empty sections, and the compression
        file[..HeaderBytes].CopyTo(head);
        (head[12], head[13], head[^1]) = (0, (byte)shown, (byte)compression);
        StbPicture.Emit(StbPicture.Decode(head, file[position..], width, height, channels: 4, context), isMirrored: false, context, sink);
    }

    private static int After(ReadOnlySpan<byte> file, int position, DecodeContext context)
    {
        if (file.Length - position < 4 || Long(file[position..]) > file.Length - position - 4)
            throw context.Truncated("its sections");
        return position + 4 + (int)Long(file[position..]);
    }

    private static int Short(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static long Long(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
