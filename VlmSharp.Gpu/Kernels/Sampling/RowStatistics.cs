using ILGPU;

namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>
/// The statistics of a row of V logits that log-softmax and choosing need: the maximum, where it first occurs, and the sum of exp(x - max).
/// A row is divided into parts, one group each, because a single multiprocessor reads a vocabulary slowly. The kernels that use the
/// statistics join the parts.
/// <code>
/// part p: m_p = max x,   s_p = sum exp(x - m_p)        row: m = max m_p,   s = sum s_p exp(m_p - m)
/// </code>
/// </summary>
internal struct RowStatistics
{
    /// <summary>Threads of a group.</summary>
    public const int Threads = 128;

    private const int NumbersOfPart = 4096, MostParts = 64;

    /// <summary>m of each part.</summary>
    public ArrayView<float> Largest; // [T, parts]

    /// <summary>Where the maximum first occurs.</summary>
    public ArrayView<int> Places; // [T, parts]

    /// <summary>s of each part.</summary>
    public ArrayView<float> Sums; // [T, parts]

    /// <summary>Parts of a row.</summary>
    public int Parts;

    /// <summary>The number of parts for a row length.</summary>
    public static int PartsOf(int columns) => Math.Clamp((columns + NumbersOfPart - 1) / NumbersOfPart, 1, MostParts);

    /// <summary>Writes the statistics of this group's part; grid (parts, rows).</summary>
    /// <param name="x">[T, columns].</param>
    /// <param name="columns">V.</param>
    public readonly void WritePart<TCore>(ArrayView<float> x, int columns) where TCore : struct, ICore
    {
        int count = (columns + Parts - 1) / Parts, first = Grid.IdxX * count, end = IntrinsicMath.Min(columns, first + count);
        long row = (long)Grid.IdxY * columns;
        float largest = float.NegativeInfinity;
        int place = int.MaxValue;
        for (int i = first + Group.IdxX; i < end; i += Threads)
        {
            float value = Functions.NumberOrLowest(x[row + i]);
            if (value > largest) (largest, place) = (value, i);
        }

        GroupSearch.Largest(ref largest, ref place);
        float sum = 0;
        for (int i = first + Group.IdxX; i < end; i += Threads)
        {
            float value = x[row + i];
            if (value != float.NegativeInfinity) sum += Functions.Exp(value - largest);
        }

        sum = TCore.Sum(sum);
        if (Group.IdxX != 0) return;
        long at = (long)Grid.IdxY * Parts + Grid.IdxX;
        Largest[at] = largest;
        Places[at] = place;
        Sums[at] = sum;
    }

    /// <summary>The row's largest number.</summary>
    public readonly float LargestOf(int row)
    {
        float largest = float.NegativeInfinity;
        for (int p = 0; p < Parts; p++) largest = IntrinsicMath.Max(largest, Largest[(long)row * Parts + p]);
        return largest;
    }

    /// <summary>Where the maximum first occurs; 0 if the row has no number.</summary>
    public readonly int PlaceOf(int row)
    {
        float largest = float.NegativeInfinity;
        int place = 0;
        for (int p = 0; p < Parts; p++)
        {
            float value = Largest[(long)row * Parts + p];
            if (value > largest) (largest, place) = (value, Places[(long)row * Parts + p]);
        }

        return place;
    }

    /// <summary>log(sum(exp(x - max))).</summary>
    public readonly float LogOfSum(int row, float largest)
    {
        float sum = 0;
        for (int p = 0; p < Parts; p++)
        {
            float part = Sums[(long)row * Parts + p];
            if (part != 0) sum += part * Functions.Exp(Largest[(long)row * Parts + p] - largest);
        }

        return Functions.Log(sum);
    }
}
