using ILGPU;

namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>
/// Draws a token from one row of logits; a group of 256 threads has the row. Temperature, top-k, top-p and min-p keep the tokens with the
/// largest scores: each is a bound on the score, and top-p also limits the places of the tokens that equal it. Nothing is sorted:
/// <code>
/// s_i = logit_i / temperature                      key(s): the bits of s, arranged so that integer order is the order of scores
/// top-k: the k-th largest key, four bits at a time from the top, by counting how often each of their values occurs (radix select)
/// top-p: the lowest key K with sum of w_i over key_i > K below p sum w_i, bit by bit, w_i = exp(s_i - max s);
///        tokens too unlikely to matter are left out first
/// min-p: s_i >= max s + log m
/// draw:  the first token whose cumulative weight exceeds u times the sum; each thread sums the weights of adjacent tokens
/// </code>
/// Top-k, top-p and the draw are separate kernels, and none has a barrier after a branch: compilers that turn groups into loops handle that
/// badly.
/// </summary>
internal struct RowSampler
{
    /// <summary>Threads of a group.</summary>
    public const int Threads = 256;

    /// <summary>Words of a row in <see cref="Bounds"/>.</summary>
    public const int BoundWords = 2;

    private const uint AllKeys = 0;

    /// <summary>[T, V].</summary>
    public ArrayView<float> Logits;

    /// <summary>Statistics of the logits.</summary>
    public RowStatistics Statistics;

    /// <summary>[T, 2]: the lowest key that is kept, and the last place that is kept among those that equal it.</summary>
    public ArrayView<int> Bounds;

    /// <summary>[T, V]: tokens that top-p considers; empty if no rule uses top-p.</summary>
    public ArrayView<int> Scratch;

    /// <summary>V.</summary>
    public int Columns;

    public DeviceRules Rules;

    /// <summary>
    /// Writes the row's bound: the k-th largest key. Each thread counts separately, because not every device has atomic additions in shared
    /// memory.
    /// </summary>
    public readonly void BoundByTopK(int row)
    {
        const int Values = 16; // of four bits
        ArrayView<int> counts = SharedMemory.Allocate<int>(Values * Threads); // [value, thread]
        ArrayView<int> totals = SharedMemory.Allocate<int>(Values);
        int k = Rules.TopK(row);
        bool isAll = k <= 0 || k >= Columns;
        uint prefix = 0, mask = 0;
        for (int shift = 28; shift >= 0; shift -= 4)
        {
            for (int value = 0; value < Values; value++) counts[value * Threads + Group.IdxX] = 0;
            for (int i = Group.IdxX; i < (isAll ? 0 : Columns); i += Threads)
            {
                uint key = Key(row, i);
                if (key != AllKeys && (key & mask) == prefix) counts[((int)(key >> shift) & (Values - 1)) * Threads + Group.IdxX]++;
            }

            Group.Barrier();
            if (Group.IdxX < Values)
            {
                int total = 0;
                for (int i = 0; i < Threads; i++)
                    total += counts[Group.IdxX * Threads + (i + Group.IdxX) % Threads]; // 16 threads in 16 banks
                totals[Group.IdxX] = total;
            }

            Group.Barrier();
            int found = Values - 1; // every thread takes the same path
            while (found > 0 && totals[found] < k) k -= totals[found--];
            isAll |= totals[found] < k; // there are fewer than k
            prefix |= (uint)found << shift;
            mask |= (uint)(Values - 1) << shift;
            Group.Barrier();
        }

        if (Group.IdxX == 0) SetBounds(row, isAll ? AllKeys : prefix, int.MaxValue);
    }

    /// <summary>Raises the row's bound to the lowest key that top-p keeps.</summary>
    public readonly void BoundByTopP(int row)
    {
        uint atLeast = (uint)Bounds[row * BoundWords];
        float largest = Statistics.LargestOf(row) / Rules.Temperature(row);
        int count = Collect(row, atLeast, largest, out double total);
        double most = Rules.TopP(row) * total;
        long list = (long)row * Columns;

        // Finds the lowest K for which the keys above K have less than p of the weight, from the top bit down.
        uint above = 0;
        for (int bit = 31; bit >= 0; bit--)
        {
            uint trial = above | ((1u << bit) - 1); // the highest key with the bits so far and 0 in this one
            if (SumAbove(row, list, count, trial, largest) >= most) above |= 1u << bit;
        }

        double before = SumAbove(row, list, count, above, largest);
        if (Group.IdxX == 0) SetBounds(row, above, LastOfEqual(row, list, count, above, before, most, largest));
    }

    /// <summary>Draws a token.</summary>
    /// <param name="row">The row, which is also the index of its rule.</param>
    /// <param name="position">The new token's place in its sequence.</param>
    /// <returns>The token, in every thread; if nothing can be drawn, the first of the largest.</returns>
    public readonly int Draw(int row, int position)
    {
        uint bound = (uint)Bounds[row * BoundWords];
        int lastPlace = Bounds[row * BoundWords + 1];
        float largest = Statistics.LargestOf(row) / Rules.Temperature(row);
        double floor = Rules.MinP(row) > 0 ? largest + Rules.LogMinP(row) : double.NegativeInfinity;

        // Thread t has the tokens [t n, (t + 1) n), so that sums cover neighbors in the order of ids.
        int n = (Columns + Threads - 1) / Threads, first = Group.IdxX * n, end = IntrinsicMath.Min(Columns, first + n);
        double sum = 0;
        for (int i = first; i < end; i++) sum += Weight(row, i, bound, lastPlace, floor, largest);
        double before = GroupSearch.SumBefore(sum), target = Rules.Uniform(row, position) * GroupSearch.Sum(sum);
        int found = int.MaxValue;
        for (int i = first; i < end; i++)
        {
            before += Weight(row, i, bound, lastPlace, floor, largest);
            if (found == int.MaxValue && before > target) found = i;
        }

        float rank = -found; // the lowest id has the highest rank
        GroupSearch.Largest(ref rank, ref found);
        return found == int.MaxValue ? Statistics.PlaceOf(row) : found;
    }

    private readonly void SetBounds(int row, uint key, int lastPlace)
    {
        Bounds[row * BoundWords] = (int)key;
        Bounds[row * BoundWords + 1] = lastPlace;
    }

    private readonly float Score(int row, int i) => Functions.NumberOrLowest(Logits[(long)row * Columns + i] / Rules.Temperature(row));

    /// <summary>An integer in the order of scores; 0 for NaN and -infinity, which are never drawn.</summary>
    private readonly uint Key(int row, int i)
    {
        float score = Score(row, i);
        if (score == float.NegativeInfinity) return AllKeys;
        uint bits = Interop.FloatAsInt(score + 0f); // -0 and 0 are equal
        return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }

    /// <summary>exp(s - max); 0 for a token that is removed.</summary>
    private readonly double Weight(int row, int i, uint bound, int lastPlace, double floor, float largest)
    {
        uint key = Key(row, i);
        float score = Score(row, i);
        if (key == AllKeys || key < bound || (key == bound && i > lastPlace) || score < floor) return 0;
        return score == largest ? 1 : Doubles.Exp((double)score - largest);
    }

    private readonly double Weight(int row, int i, uint bound, float largest) =>
        Weight(row, i, bound, int.MaxValue, double.NegativeInfinity, largest);

    /// <summary>
    /// Among the tokens that equal the bound, the first few are kept: those preceded by less than p of the weight, and always the
    /// likeliest.
    /// </summary>
    private readonly int LastOfEqual(int row, long list, int count, uint bound, double before, double most, float largest)
    {
        int last = before > 0 ? -1 : Statistics.PlaceOf(row); // if nothing is above, the likeliest equal the bound
        for (int j = 0; j < count; j++)
        {
            int i = Scratch[list + j];
            if (Key(row, i) != bound) continue;
            if (before < most) last = i;
            before += Weight(row, i, AllKeys, largest);
        }

        return last;
    }

    /// <summary>
    /// Lists the tokens that top-p may keep, in the order of ids. A token of weight (1 - p) total / V or less is left out: with all less
    /// likely ones it has at most 1 - p of the weight. The likeliest are always listed.
    /// </summary>
    private readonly int Collect(int row, uint atLeast, float largest, out double total)
    {
        int n = (Columns + Threads - 1) / Threads, first = Group.IdxX * n, end = IntrinsicMath.Min(Columns, first + n);
        double sum = 0;
        for (int i = first; i < end; i++) sum += Weight(row, i, atLeast, largest);
        total = GroupSearch.Sum(sum);
        double negligible = total * (1.0 - Rules.TopP(row)) / Columns;
        int mine = 0;
        for (int i = first; i < end; i++) mine += IsListed(row, i, atLeast, largest, negligible) ? 1 : 0;
        int at = GroupSearch.SumBefore(mine), count = (int)GroupSearch.Sum(mine);
        for (int i = first; i < end; i++)
            if (IsListed(row, i, atLeast, largest, negligible)) Scratch[(long)row * Columns + at++] = i;
        Group.Barrier();
        return count;
    }

    private readonly bool IsListed(int row, int i, uint atLeast, float largest, double negligible)
    {
        double weight = Weight(row, i, atLeast, largest);
        return weight > negligible || weight == 1;
    }

    private readonly double SumAbove(int row, long list, int count, uint key, float largest)
    {
        double sum = 0;
        for (int j = Group.IdxX; j < count; j += Threads)
        {
            int i = Scratch[list + j];
            if (Key(row, i) > key) sum += Weight(row, i, AllKeys, largest);
        }

        return GroupSearch.Sum(sum);
    }
}
