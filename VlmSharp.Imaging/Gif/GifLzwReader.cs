using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Gif;

/// <summary>
/// GIF's variable-length LZW (GIF89a, appendix F): codes of up to 12 bits, least significant bit first, in sub-blocks. A full table stays
/// as it is until a clear code.
/// </summary>
internal ref struct GifLzwReader
{
    private const int MaxCodes = 4096;

    private readonly DecodeContext context;
    private readonly ushort[] prefix = new ushort[MaxCodes];
    private readonly byte[] suffix = new byte[MaxCodes];
    private readonly byte[] pending = new byte[MaxCodes];
    private readonly int firstBits;
    private readonly int clear;
    private GifReader reader;
    private ReadOnlySpan<byte> block;
    private uint bits;
    private int bitCount;
    private int codeBits;
    private int next;
    private int previous;
    private byte first;
    private int pendingCount;

    public GifLzwReader(GifReader reader, int literalBits, DecodeContext context)
    {
        // The standard ends at 8. As in Pillow, the lowest 8 bits of a wider index count.
        if (literalBits > 12)
            throw context.Damaged($"its LZW code size {literalBits} is not in 0..12");
        this.reader = reader;
        this.context = context;
        firstBits = literalBits + 1;
        clear = 1 << literalBits;
        for (int i = 0; i < clear; i++)
            suffix[i] = (byte)i;
        Reset();
    }

    /// <summary>Fills the row with the next palette indices.</summary>
    public void Read(Span<byte> row)
    {
        int filled = 0;
        while (filled < row.Length)
        {
            while (pendingCount > 0 && filled < row.Length)
                row[filled++] = pending[--pendingCount];
            if (filled < row.Length)
                Expand(NextCode());
        }
    }

    // Puts the string of one code into `pending`, last index first.
    private void Expand(int code)
    {
        if (code == clear)
        {
            Reset();
            return;
        }
        if (code == clear + 1)
            throw context.Truncated("its frame");
        if (code > next || (code == next && previous < 0))
            throw context.Damaged($"LZW code {code} is not in the table of {next}");
        int walk = code;
        if (code == next)
        {
            // The only code that may be used before it is defined: the previous string and its own first index.
            pending[pendingCount++] = first;
            walk = previous;
        }
        while (walk >= clear)
        {
            pending[pendingCount++] = suffix[walk];
            walk = prefix[walk];
        }
        first = (byte)walk;
        pending[pendingCount++] = first;
        if (previous >= 0 && next < MaxCodes)
        {
            prefix[next] = (ushort)previous;
            suffix[next++] = first;
            if (next == 1 << codeBits && codeBits < 12)
                codeBits++;
        }
        previous = code;
    }

    private void Reset()
    {
        codeBits = firstBits;
        next = clear + 2;
        previous = -1;
    }

    private int NextCode()
    {
        while (bitCount < codeBits)
        {
            if (block.IsEmpty)
            {
                block = reader.TakeSubBlock();
                if (block.IsEmpty)
                    throw context.Truncated("its frame");
            }
            bits |= (uint)block[0] << bitCount;
            bitCount += 8;
            block = block[1..];
        }
        int code = (int)(bits & ((1u << codeBits) - 1));
        bits >>= codeBits;
        bitCount -= codeBits;
        return code;
    }
}
