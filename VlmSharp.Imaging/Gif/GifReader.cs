using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Gif;

/// <summary>Reads blocks from a GIF file at a moving position.</summary>
internal ref struct GifReader(ReadOnlySpan<byte> file, DecodeContext context)
{
    private ReadOnlySpan<byte> rest = file;

    /// <summary>The next bytes.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (rest.Length < count)
            throw context.Truncated("a block");
        ReadOnlySpan<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    /// <summary>The next sub-block (a length byte and that many bytes); empty for the terminator.</summary>
    public ReadOnlySpan<byte> TakeSubBlock() => Take(Take(1)[0]);
}
