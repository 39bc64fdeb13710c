using System.Runtime.InteropServices;
using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Tasks.Masks;

/// <summary>
/// A mask in COCO's run-length encoding (Lin et al. 2014). The picture is read column by column, each from the top, and runs of pixels
/// outside and inside the thing alternate, beginning with an outside run.
/// </summary>
public sealed class RunLengthMask
{
    private const int BitsPerCharacter = 5;

    /// <summary>Takes run lengths.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="counts">The runs, beginning with an outside one; they add up to all pixels.</param>
    public RunLengthMask(int width, int height, IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (counts.Any(count => count < 0) || counts.Sum(count => (long)count) != (long)width * height)
        {
            throw new ArgumentException(
                $"The runs of a mask of {width} x {height} pixels add up to {counts.Sum(count => (long)count)}.", nameof(counts));
        }

        (Width, Height, Counts) = (width, height, counts);
    }

    /// <summary>Columns of the picture.</summary>
    public int Width { get; }

    /// <summary>Rows of the picture.</summary>
    public int Height { get; }

    /// <summary>The uncompressed form: lengths of the runs.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>Number of pixels of the thing.</summary>
    public long Area => Counts.Where((_, i) => i % 2 == 1).Sum(count => (long)count);

    /// <summary>The smallest box around the thing; empty if there is none.</summary>
    public Box BoundingBox
    {
        get
        {
            long at = 0;
            (long left, long top, long right, long bottom) = (Width, Height, 0, 0);
            for (int i = 0; i < Counts.Count; at += Counts[i++])
            {
                if (i % 2 == 0 || Counts[i] == 0) continue;
                long last = at + Counts[i] - 1;
                bool manyColumns = at / Height != last / Height; // then it touches the bottom and the top
                left = Math.Min(left, at / Height);
                right = Math.Max(right, last / Height + 1);
                top = manyColumns ? 0 : Math.Min(top, at % Height);
                bottom = manyColumns ? Height : Math.Max(bottom, last % Height + 1);
            }

            return right == 0 ? default : new Box(left, top, right, bottom);
        }
    }

    /// <summary>
    /// The compressed form, COCO's <c>counts</c> string. From the fourth run on, a value is the difference to the run two places before.
    /// Each character has five bits, lowest first; bit 5 means that more characters follow. 48 is added to make it printable.
    /// </summary>
    /// <returns>The string, with characters from '0' to 'o'.</returns>
    public string ToCompressed()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Counts.Count; i++)
        {
            long rest = Counts[i];
            if (i > 2) rest -= Counts[i - 2];
            bool more;
            do
            {
                int bits = (int)(rest & 31);
                rest >>= BitsPerCharacter;
                more = (bits & 16) == 0 ? rest != 0 : rest != -1; // bit 4 is the sign that the reader extends
                text.Append((char)(48 + (more ? bits | 32 : bits)));
            }
            while (more);
        }

        return text.ToString();
    }

    /// <summary>Reads the compressed form.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="text">COCO's <c>counts</c> string.</param>
    /// <returns>The mask.</returns>
    /// <exception cref="FormatException">The text is not such a string, or belongs to a picture of another size.</exception>
    public static RunLengthMask FromCompressed(int width, int height, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const int MostBits = 35; // enough for the difference of two 32-bit numbers
        var counts = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            long value = 0;
            int bits, shift = 0;
            do
            {
                bits = at < text.Length ? text[at++] - 48 : -1;
                if (bits is < 0 or > 63 || shift >= MostBits)
                    throw new FormatException("The text is not a run-length mask in COCO's compressed form.");
                value |= (long)(bits & 31) << shift;
                shift += BitsPerCharacter;
            }
            while ((bits & 32) != 0);
            if ((bits & 16) != 0) value |= -1L << shift;
            if (counts.Count > 2) value += counts[^2];
            if (value is < 0 or > int.MaxValue) throw new FormatException("The text is not a run-length mask in COCO's compressed form.");
            counts.Add((int)value);
        }

        return counts.Sum(count => (long)count) == (long)width * height
            ? new RunLengthMask(width, height, counts)
            : throw new FormatException($"The run-length mask is not that of a picture of {width} x {height} pixels.");
    }
}

/// <summary>Builds a run-length mask from runs in order.</summary>
internal sealed class RunLengthBuilder
{
    private readonly List<int> counts = [0];

    /// <summary>Adds pixels.</summary>
    public void Add(long count, bool isThing)
    {
        if (count == 0) return;
        if (isThing != (counts.Count % 2 == 0)) counts.Add(0);
        CollectionsMarshal.AsSpan(counts)[^1] = checked((int)(counts[^1] + count));
    }

    public RunLengthMask ToMask(int width, int height) => new(width, height, counts);
}
