using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP;

/// <summary>A chunk of a RIFF file (RFC 9649, section 2.3): a name, and the position of its payload in the file.</summary>
/// <param name="Name">The four letters, the first in the lowest byte.</param>
/// <param name="Start">The first byte of the payload.</param>
/// <param name="Length">Length of the payload in bytes.</param>
internal readonly record struct WebPChunk(uint Name, int Start, int Length)
{
    public const uint Lossy = 'V' | 'P' << 8 | '8' << 16 | ' ' << 24;
    public const uint Lossless = 'V' | 'P' << 8 | '8' << 16 | 'L' << 24;
    public const uint Extended = 'V' | 'P' << 8 | '8' << 16 | 'X' << 24;
    public const uint Alpha = 'A' | 'L' << 8 | 'P' << 16 | 'H' << 24;
    public const uint Frame = 'A' | 'N' << 8 | 'M' << 16 | 'F' << 24;
    public const uint Exif = 'E' | 'X' << 8 | 'I' << 16 | 'F' << 24;
    public const uint Xmp = 'X' | 'M' << 8 | 'P' << 16 | ' ' << 24;

    private const int HeaderBytes = 8;

    /// <summary>The first byte after the payload.</summary>
    public int End => Start + Length;

    /// <summary>The payload: <see cref="Length"/> bytes of the file from <see cref="Start"/> on.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> file) => file.Slice(Start, Length);

    /// <summary>The payload and its byte of padding, if any: decoders may read that byte before they report missing data.</summary>
    public ReadOnlySpan<byte> Padded(ReadOnlySpan<byte> file) => file[Start..Math.Min(file.Length, End + (Length & 1))];

    /// <summary>Reads the chunk at a position, and moves on to the next one, past the padding of an odd length.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where the chunk begins.</param>
    /// <param name="end">Where the chunk's container ends.</param>
    /// <param name="context">The errors to throw.</param>
    public static WebPChunk Take(ReadOnlySpan<byte> file, ref int position, int end, DecodeContext context)
    {
        if (end - position < HeaderBytes)
            throw context.Truncated("its chunks");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[(position + 4)..]);
        if (length > end - position - HeaderBytes)
            throw context.Truncated("a chunk");
        var chunk = new WebPChunk(BinaryPrimitives.ReadUInt32LittleEndian(file[position..]), position + HeaderBytes, (int)length);
        position = Math.Min(end, chunk.End + (chunk.Length & 1));
        return chunk;
    }
}
