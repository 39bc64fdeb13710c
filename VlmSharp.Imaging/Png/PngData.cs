using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>The pixel data of a PNG as one stream: the contents of its IDAT chunks one after the other, read without a copy.</summary>
/// <param name="file">The file's first byte, which must not move while the stream is used.</param>
/// <param name="parts">Positions of the chunks' contents in the file.</param>
internal sealed unsafe class PngData(byte* file, List<(int Start, int Length)> parts) : ReadingStream
{
    private int part;
    private int position;

    public override int Read(Span<byte> buffer)
    {
        while (part < parts.Count)
        {
            (int start, int length) = parts[part];
            int count = Math.Min(buffer.Length, length - position);
            if (count > 0 || buffer.IsEmpty)
            {
                new ReadOnlySpan<byte>(file + start + position, count).CopyTo(buffer);
                position += count;
                return count;
            }
            (part, position) = (part + 1, 0);
        }
        return 0;
    }
}
