using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of a few rows of activations with quantized weights. Within a group everything is an integer, so its sum is exact;
/// floats appear once per group:
/// <code>
/// y[t, n] = sum_g s[n, g] a[t, g] sum_{i in g} q[n, i] z[t, i]        w = s q,  x = a z
/// </code>
/// with q of 8 bits and z of 16, or q of 4 and z of 8. The instructions multiply integers and add neighbors: 16 or
/// 32 products where a float multiply-add has 8. So unpacking a weight in registers is as fast as reading it from memory. The instruction
/// for bytes needs an unsigned factor, so q + 8 is stored, and
/// <code>
/// sum_i q z = sum_i (q + 8) z  -  8 sum_i z
/// </code>
/// whose last term does not depend on the weights.
/// </summary>
/// <remarks>
/// Four rows of the matrix are read side by side, a quarter of the rows apart, as <see cref="Gemv{V, F}"/> does. Two rows of activations
/// share the weights in registers where a register has the products of one group; int4's steps of many groups gain nothing from it. A
/// result does not depend, to the last bit, on what else is in the batch.
/// </remarks>
internal readonly unsafe struct IntegerGemv<V, Q> : IGemv<IntegerGemv<V, Q>>
    where V : struct, ISimd<V> where Q : struct, IStoredGroups
{
    // Rows of the matrix that are read side by side.
    private const int RowsAtOnce = 4;

    // Rows of activations that share the weights in registers.
    private static int InputRows => Q.GroupsAtOnce<V>() == 1 ? 2 : 1;

    private readonly IntegerRow x; // the first row of activations
    private readonly int count, groups, padded; // T; groups of a row, and the same rounded up to whole steps

    private IntegerGemv(CpuContext context, HostMatrix rows)
    {
        count = rows.Rows;
        groups = rows.Columns / Q.Group;
        padded = (groups + V.Count - 1) / V.Count * V.Count;
        long scales = (long)count * padded, integers = (scales * Q.Group * Q.ActivationBytes + sizeof(float) - 1) / sizeof(float);
        float* scratch = context.Shared.Reserve(2 * scales + integers);
        x = new IntegerRow { Scales = scratch, Corrections = scratch + scales, Integers = (byte*)(scratch + 2 * scales) };
        for (int t = 0; t < count; t++) x.From<Q>((nint)t * padded).Round<V, Q>(rows.RowPointer(t), groups);
    }

    public static IntegerGemv<V, Q> Prepare(CpuContext context, HostMatrix x) => new(context, x);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Multiply(WeightRows w, int rows, WeightRows then, float* y, nint yStride)
    {
        int run = (rows + RowsAtOnce - 1) / RowsAtOnce, passes = (count + InputRows - 1) / InputRows;
        int asked = StreamAhead.Asked(RowsAtOnce);
        byte** places = stackalloc byte*[RowsAtOnce], next = stackalloc byte*[RowsAtOnce];
        ushort** scales = stackalloc ushort*[RowsAtOnce];
        float* sums = stackalloc float[2 * RowsAtOnce];
        for (int n = 0; n < run; n++)
        {
            // If the last run is shorter, its last row is used again.
            StreamAhead.Place(w, rows, then, n, run, RowsAtOnce, places, next);
            for (int i = 0; i < RowsAtOnce; i++) scales[i] = w.ScalesAt(Math.Min(n + i * run, rows - 1));
            if (passes == 1) // a single pass reads from memory itself: what it needs soon lies ahead in the same rows
                for (int i = 0; i < RowsAtOnce; i++) next[i] = places[i] + StreamAhead.Bytes;
            if (StreamAhead.Bytes > 0) PrefetchNextScales(scales);
            for (int pass = 0; pass < passes; pass++)
            {
                int t = pass * InputRows, some = Math.Min(InputRows, count - t);
                int from = StreamAhead.Share(asked, pass, passes), to = StreamAhead.Share(asked, pass + 1, passes);
                IntegerRow one = x.From<Q>((nint)t * padded), other = one.From<Q>(padded);
                if (some == 2) FourRows<Two>(places, scales, next + from, to - from, one, other, groups, sums);
                else FourRows<One>(places, scales, next + from, to - from, one, one, groups, sums);
                float* target = y + t * yStride + n;
                for (int j = 0; j < some; j++, target += yStride)
                    for (int i = 0; i < RowsAtOnce && n + i * run < rows; i++) target[(nint)i * run] = sums[j * RowsAtOnce + i];
            }
        }
    }

    // The scales of the next rows follow in memory, unless the rows are listed or a stream ends: then what is prefetched is not needed. The
    // first rows of a chunk are not asked for. A row of 16384 inputs has 16 lines of scales with int8, and 32 with int4.
    private void PrefetchNextScales(ushort** scales)
    {
        int bytes = groups / Q.GroupsPerScale * sizeof(ushort);
        for (int r = 0; r < RowsAtOnce; r++)
            for (int line = 0; line < bytes; line += Packing.CacheLine) Packing.PrefetchLine((byte*)scales[r] + bytes + line);
    }

    // Four rows of the matrix times one row of activations, and times the other if A has two.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<A>(
        byte** w, ushort** scales, byte** asked, int askedRows, in IntegerRow x, in IntegerRow other, int groups, float* results)
        where A : struct, IActivationRows
    {
        int length = RowsAtOnce * V.Count;
        float* sums = stackalloc float[A.Count * length];
        new Span<float>(sums, A.Count * length).Clear();
        int whole = groups / V.Count * V.Count;
        Accumulate<A>(sums, w, scales, asked, askedRows, x, other, whole);
        if (whole < groups) Rest<A>(sums, w, scales, whole, groups - whole, x.From<Q>(whole), other.From<Q>(whole));
        for (int j = 0; j < A.Count; j++, sums += length, results += RowsAtOnce)
            V128.Store(results, V.Sums(V.Load(sums), V.Load(sums + V.Count), V.Load(sums + 2 * V.Count), V.Load(sums + 3 * V.Count)));
    }

    // The last groups, fewer than a step takes: they are copied and padded with zeros.
    private static void Rest<A>(float* sums, byte** w, ushort** scales, int first, int count, in IntegerRow x, in IntegerRow other)
        where A : struct, IActivationRows
    {
        int step = V.Count * Q.Bytes;
        byte* weights = stackalloc byte[RowsAtOnce * step];
        ushort* factors = stackalloc ushort[RowsAtOnce * V.Count];
        byte** lastWeights = stackalloc byte*[RowsAtOnce];
        ushort** lastScales = stackalloc ushort*[RowsAtOnce];
        new Span<byte>(weights, RowsAtOnce * step).Clear();
        new Span<ushort>(factors, RowsAtOnce * V.Count).Clear();
        for (int r = 0; r < RowsAtOnce; r++)
        {
            lastWeights[r] = weights + r * step;
            lastScales[r] = factors + r * V.Count;
            new ReadOnlySpan<byte>(w[r] + (nint)first * Q.Bytes, count * Q.Bytes).CopyTo(new Span<byte>(lastWeights[r], step));
            new ReadOnlySpan<ushort>(scales[r] + first / Q.GroupsPerScale, count / Q.GroupsPerScale)
                .CopyTo(new Span<ushort>(lastScales[r], V.Count));
        }

        Accumulate<A>(sums, lastWeights, lastScales, null, 0, x, other, V.Count);
    }

    // For each of four rows r, sums[r] += sum_g s[r, g] a[g] (sum_i w[r, g, i] x[g, i] + correction[g]), spread over the elements of the
    // sum.
    private static void Accumulate<A>(
        float* sums, byte** w, ushort** scales, byte** asked, int askedRows, in IntegerRow x, in IntegerRow other, int groups)
        where A : struct, IActivationRows
    {
        if (Q.GroupsAtOnce<V>() == 1) GroupByGroup<A>(sums, w, scales, asked, askedRows, x, other, groups);
        else StepByStep(sums, w, scales, asked, askedRows, x, groups, 0); // InputRows is 1: there is no other row
    }

    // Group by group through all rows, so that their streams advance together. y are the sums of x, v those of the other row.
    [SkipLocalsInit] // the factors are written before they are read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GroupByGroup<A>(
        float* sums, byte** w, ushort** scales, byte** asked, int askedRows, in IntegerRow x, in IntegerRow other, int groups)
        where A : struct, IActivationRows
    {
        float* factors = stackalloc float[RowsAtOnce * V.Count], others = stackalloc float[RowsAtOnce * V.Count]; // s a
        float* otherSums = sums + (A.Count - 1) * RowsAtOnce * V.Count;
        byte* w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], z = x.Integers, u = other.Integers; // z and u: integers of the two rows
        Load(sums, out V y0, out V y1, out V y2, out V y3);
        Load(otherSums, out V v0, out V v1, out V v2, out V v3);
        nint line = 0;
        for (nint first = 0; first < groups; first += V.Count)
        {
            V a = V.Load(x.Scales + first), b = V.Load(other.Scales + first);
            for (int r = 0; r < RowsAtOnce; r++)
            {
                V scale = Q.LoadScales<V>(scales[r] + first / Q.GroupsPerScale);
                V.Store(factors + r * V.Count, scale * a);
                if (A.Count == 2) V.Store(others + r * V.Count, scale * b);
            }

            if (Q.Offset != 0)
            {
                Correct(ref y0, ref y1, ref y2, ref y3, factors, V.Load(x.Corrections + first));
                if (A.Count == 2) Correct(ref v0, ref v1, ref v2, ref v3, others, V.Load(other.Corrections + first));
            }

            for (nint g = 0; g < V.Count; g++)
            {
                for (int i = 0; i < askedRows; i++) Packing.PrefetchSecondLevel(asked[i] + line);
                V.Accumulate(ref y0, Q.Products<V>(w0 + line, z), V.Broadcast(factors[g]));
                if (A.Count == 2) V.Accumulate(ref v0, Q.Products<V>(w0 + line, u), V.Broadcast(others[g]));
                V.Accumulate(ref y1, Q.Products<V>(w1 + line, z), V.Broadcast(factors[V.Count + g]));
                if (A.Count == 2) V.Accumulate(ref v1, Q.Products<V>(w1 + line, u), V.Broadcast(others[V.Count + g]));
                V.Accumulate(ref y2, Q.Products<V>(w2 + line, z), V.Broadcast(factors[2 * V.Count + g]));
                if (A.Count == 2) V.Accumulate(ref v2, Q.Products<V>(w2 + line, u), V.Broadcast(others[2 * V.Count + g]));
                V.Accumulate(ref y3, Q.Products<V>(w3 + line, z), V.Broadcast(factors[3 * V.Count + g]));
                if (A.Count == 2) V.Accumulate(ref v3, Q.Products<V>(w3 + line, u), V.Broadcast(others[3 * V.Count + g]));
                line += Q.Bytes;
                z += Q.Group * Q.ActivationBytes;
                u += Q.Group * Q.ActivationBytes;
            }
        }

        Store(sums, y0, y1, y2, y3);
        if (A.Count == 2) Store(otherSums, v0, v1, v2, v3);
    }

    // zero is 0, an offset that the compiler does not know: otherwise it would keep the activations for the next row and run out of
    // registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void StepByStep(
        float* sums, byte** w, ushort** scales, byte** asked, int askedRows, in IntegerRow x, int groups, nint zero)
    {
        byte* w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
        ushort* s0 = scales[0], s1 = scales[1], s2 = scales[2], s3 = scales[3];
        Load(sums, out V y0, out V y1, out V y2, out V y3);
        byte* z = x.Integers;
        float* a = x.Scales, correction = x.Corrections;
        for (nint g = 0; g < groups; g += V.Count, z += Q.Group * Q.ActivationBytes * V.Count)
        {
            for (int i = 0; i < askedRows; i++) Packing.PrefetchSecondLevel(asked[i] + Q.Bytes * g, Q.Bytes * V.Count);
            byte* z1 = z + zero, z2 = z1 + zero, z3 = z2 + zero;
            V.Accumulate(ref y0, Q.LoadScales<V>(s0 + g) * V.Load(a + g), Q.Products<V>(w0 + Q.Bytes * g, z) + V.Load(correction + g));
            V.Accumulate(ref y1, Q.LoadScales<V>(s1 + g) * V.Load(a + g), Q.Products<V>(w1 + Q.Bytes * g, z1) + V.Load(correction + g));
            V.Accumulate(ref y2, Q.LoadScales<V>(s2 + g) * V.Load(a + g), Q.Products<V>(w2 + Q.Bytes * g, z2) + V.Load(correction + g));
            V.Accumulate(ref y3, Q.LoadScales<V>(s3 + g) * V.Load(a + g), Q.Products<V>(w3 + Q.Bytes * g, z3) + V.Load(correction + g));
        }

        Store(sums, y0, y1, y2, y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(float* sums, out V y0, out V y1, out V y2, out V y3)
    {
        y0 = V.Load(sums);
        y1 = V.Load(sums + V.Count);
        y2 = V.Load(sums + 2 * V.Count);
        y3 = V.Load(sums + 3 * V.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* sums, V y0, V y1, V y2, V y3)
    {
        V.Store(sums, y0);
        V.Store(sums + V.Count, y1);
        V.Store(sums + 2 * V.Count, y2);
        V.Store(sums + 3 * V.Count, y3);
    }

    // The weights' offset, a group in each element.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Correct(ref V y0, ref V y1, ref V y2, ref V y3, float* factors, V correction)
    {
        V.Accumulate(ref y0, V.Load(factors), correction);
        V.Accumulate(ref y1, V.Load(factors + V.Count), correction);
        V.Accumulate(ref y2, V.Load(factors + 2 * V.Count), correction);
        V.Accumulate(ref y3, V.Load(factors + 3 * V.Count), correction);
    }

    // How many rows of activations a kernel takes at a time: known to the compiler, which drops the code for the others.
    private interface IActivationRows
    {
        static abstract int Count { get; }
    }

    private readonly struct One : IActivationRows
    {
        public static int Count => 1;
    }

    private readonly struct Two : IActivationRows
    {
        public static int Count => 2;
    }
}
