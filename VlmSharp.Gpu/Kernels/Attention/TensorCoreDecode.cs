using ILGPU;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Computes a piece of <see cref="DecodeAttention"/> on tensor cores, with keys and values in bf16. Up to 8 query heads that share 64 keys
/// are the 8 columns, or rows, of a matrix product. Operands are loaded from global memory in the order of the product's registers, 16
/// bytes at a time: the order of features, or keys, does not matter as long as both operands use the same one. Heads are a multiple of 64
/// features. Grid: pieces, key-value heads times blocks of their query heads, rows.
/// </summary>
internal static class TensorCoreDecode
{
    public const int Threads = 128, MostHeadDim = 256, HeadDimStep = 64;
    private const int Keys = DecodeAttention.Keys, Heads = DecodeAttention.Heads;
    private const int QueryPitch = MostHeadDim / 8 + 4, WeightPitch = Keys + 8, SumPitch = MostHeadDim + 4; // gaps against bank conflicts
    private const string M = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ", P = ", {%0,%4,%1,%4}, {%2,%3}, ";

    public static void Piece(DecodeArgs g)
    {
        AttentionArgs a = g.Attention;
        DecodeRow row = DecodeRow.Find(g, Grid.IdxZ);
        int key0 = Grid.IdxX * Keys, from = IntrinsicMath.Max(row.Start - key0, 0), to = IntrinsicMath.Min(row.End - key0, Keys);
        if (from >= to) return; // the whole group
        ArrayView<U4> q = SharedMemory.Allocate<U4>(Heads * QueryPitch); // [heads, D] in bf16
        ArrayView<F4> scores = SharedMemory.Allocate<F4>(Keys * Heads / 4); // [keys, heads]
        ArrayView<ushort> weights = SharedMemory.Allocate<ushort>(Heads * WeightPitch); // [heads, keys] in bf16
        ArrayView<float> sums = SharedMemory.Allocate<float>(Heads * SumPitch); // [heads, D]
        ArrayView<float> warps = SharedMemory.Allocate<float>(32); // [2, warps, 4 heads]: largest scores, totals
        CudaAsm.Emit(".reg .f32 s<4>; .reg .f32 o<32>; .reg .f32 z; mov.f32 z, 0f00000000;");
        DecodeHeads heads = DecodeHeads.Of(a);
        int thread = Group.IdxX, rowChunks = a.KvRowNumbers / 8, column = heads.KvHead * a.HeadDim;
        long keys = (row.Sequence.KeysAt<BFloat16Kv>(a.Layer, a.KvRowNumbers) + column) / 8 + (long)key0 * rowChunks;
        long values = (row.Sequence.ValuesAt<BFloat16Kv>(a.Layer, a.KvRowNumbers) + column) / 8 + (long)key0 * rowChunks;
        StageQueries(a, q, row.Row, heads);
        Group.Barrier();
        Score(a, q, keys, rowChunks, from, to, scores.Cast<float>());
        Group.Barrier();

        // A thread has one key and half of the heads. Shuffles join the 32 keys of its warp, then shared memory joins two warps.
        int j = thread & (Keys - 1), half = thread >> 6, mine = thread >> 5, other = mine ^ 1;
        F4 s = Capped(a, scores[j * 2 + half], j >= from && j < to);
        WarpLargest(warps, mine, s);
        Group.Barrier();
        F4 max = Larger(warps.Cast<F4>()[mine], warps.Cast<F4>()[other]);
        F4 p = Weigh(s, max);
        WarpTotals(warps, mine + 4, p);
        StoreWeights(weights, half * 4 * WeightPitch + j, p);
        Group.Barrier();
        if (thread < heads.Count)
        {
            int at = (thread >> 2) * 8 + (thread & 3); // the first of the two warps with this head
            g.Scales[g.At(heads.First + thread) * 2] = IntrinsicMath.Max(warps[at], warps[at + 4]);
            g.Scales[g.At(heads.First + thread) * 2 + 1] = warps[at + 16] + warps[at + 20];
        }

        if (mine * HeadDimStep < a.HeadDim)
            SumValues(a, weights.Cast<uint>(), values + mine * (HeadDimStep / 8), rowChunks, from, to, sums);
        Group.Barrier();
        for (int i = thread; i < heads.Count * a.HeadDim; i += Threads)
        {
            int h = i / a.HeadDim, d = i - h * a.HeadDim;
            g.Sums[g.At(heads.First + h) * a.HeadDim + d] = sums[h * SumPitch + d];
        }
    }

    /// <summary>The queries, multiplied by the scale, as bf16; zeros for missing heads.</summary>
    private static void StageQueries(AttentionArgs g, ArrayView<U4> q, int row, DecodeHeads heads)
    {
        int chunks = g.HeadDim / 8;
        long at = ((long)row * g.Heads + heads.First) * g.HeadDim / 4;
        for (int i = Group.IdxX; i < Heads * chunks; i += Threads)
        {
            int h = i / chunks, c = i - h * chunks;
            U4 x = default;
            if (h < heads.Count) x = Bits.Pack(Eights.Add(default, Eights.Load(g.Q.Cast<F4>(), at + i * 2), g.Scale));
            q[h * QueryPitch + c] = x;
        }
    }

    /// <summary>
    /// S[keys, heads] = K Q^T, 16 keys per warp. Of every 4 chunks, a lane loads chunk l % 4 of keys l / 4 and l / 4 + 8, and of query l /
    /// 4: 32 features, two steps of the product.
    /// </summary>
    private static void Score(AttentionArgs g, ArrayView<U4> q, long keys, int rowChunks, int from, int to, ArrayView<float> scores)
    {
        int lane = Group.IdxX & 31, low = (Group.IdxX >> 5) * 16 + (lane >> 2), high = low + 8, t = lane & 3;
        bool seesLow = low >= from && low < to, seesHigh = high >= from && high < to;
        CudaAsm.Emit("mov.f32 s0,z; mov.f32 s1,z; mov.f32 s2,z; mov.f32 s3,z;");
        for (int c = t; c < g.HeadDim / 8; c += 4)
        {
            U4 a = default, b = default, x = q[(lane >> 2) * QueryPitch + c];
            if (seesLow) a = g.Memory[keys + (long)low * rowChunks + c];
            if (seesHigh) b = g.Memory[keys + (long)high * rowChunks + c];
            CudaAsm.Emit(M + "{s0,s1,s2,s3}, {%0,%1,%2,%3}, {%4,%5}, {s0,s1,s2,s3};", a.X, b.X, a.Y, b.Y, x.X, x.Y);
            CudaAsm.Emit(M + "{s0,s1,s2,s3}, {%0,%1,%2,%3}, {%4,%5}, {s0,s1,s2,s3};", a.Z, b.Z, a.W, b.W, x.Z, x.W);
        }

        CudaAsm.Emit("mov.f32 %0, s0;", out scores[low * Heads + t * 2]);
        CudaAsm.Emit("mov.f32 %0, s1;", out scores[low * Heads + t * 2 + 1]);
        CudaAsm.Emit("mov.f32 %0, s2;", out scores[high * Heads + t * 2]);
        CudaAsm.Emit("mov.f32 %0, s3;", out scores[high * Heads + t * 2 + 1]);
    }

    private static F4 Capped(AttentionArgs g, F4 s, bool seen) => new()
    {
        X = seen ? g.Capped(s.X) : float.NegativeInfinity,
        Y = seen ? g.Capped(s.Y) : float.NegativeInfinity,
        Z = seen ? g.Capped(s.Z) : float.NegativeInfinity,
        W = seen ? g.Capped(s.W) : float.NegativeInfinity,
    };

    private static F4 Weigh(F4 s, F4 max) => new()
    {
        X = Softmax.Weight(s.X, Softmax.Shift(max.X)),
        Y = Softmax.Weight(s.Y, Softmax.Shift(max.Y)),
        Z = Softmax.Weight(s.Z, Softmax.Shift(max.Z)),
        W = Softmax.Weight(s.W, Softmax.Shift(max.W)),
    };

    private static F4 Larger(F4 x, F4 y) => new()
    {
        X = IntrinsicMath.Max(x.X, y.X),
        Y = IntrinsicMath.Max(x.Y, y.Y),
        Z = IntrinsicMath.Max(x.Z, y.Z),
        W = IntrinsicMath.Max(x.W, y.W),
    };

    private static void WarpLargest(ArrayView<float> warps, int at, F4 s)
    {
        for (int distance = 16; distance > 0; distance >>= 1) s = Larger(s, Shuffle(s, distance));
        if ((Group.IdxX & 31) == 0) warps.Cast<F4>()[at] = s;
    }

    private static void WarpTotals(ArrayView<float> warps, int at, F4 p)
    {
        for (int distance = 16; distance > 0; distance >>= 1)
        {
            F4 x = Shuffle(p, distance);
            p = new F4 { X = p.X + x.X, Y = p.Y + x.Y, Z = p.Z + x.Z, W = p.W + x.W };
        }

        if ((Group.IdxX & 31) == 0) warps.Cast<F4>()[at] = p;
    }

    private static F4 Shuffle(F4 x, int distance) => new()
    {
        X = Warp.ShuffleXor(x.X, distance),
        Y = Warp.ShuffleXor(x.Y, distance),
        Z = Warp.ShuffleXor(x.Z, distance),
        W = Warp.ShuffleXor(x.W, distance),
    };

    private static void StoreWeights(ArrayView<ushort> weights, int at, F4 p)
    {
        weights[at] = (ushort)Bits.Round(p.X);
        weights[at + WeightPitch] = (ushort)Bits.Round(p.Y);
        weights[at + 2 * WeightPitch] = (ushort)Bits.Round(p.Z);
        weights[at + 3 * WeightPitch] = (ushort)Bits.Round(p.W);
    }

    /// <summary>
    /// O[heads, D] = P V, 64 features per warp. For 16 keys, a lane loads 8 features, those of chunk l / 4, of the four keys from 4 (l % 4)
    /// on. Feature i of all chunks forms the i-th square of 8 columns, whose column n is feature 8 n + i.
    /// </summary>
    private static void SumValues(
        AttentionArgs g, ArrayView<uint> weights, long values, int rowChunks, int from, int to, ArrayView<float> sums)
    {
        int lane = Group.IdxX & 31, head = lane >> 2, t = lane & 3;
        CudaAsm.Emit("mov.f32 o0,z; mov.f32 o1,z; mov.f32 o2,z; mov.f32 o3,z; mov.f32 o4,z; mov.f32 o5,z; mov.f32 o6,z; mov.f32 o7,z;");
        CudaAsm.Emit("mov.f32 o8,z; mov.f32 o9,z; mov.f32 o10,z; mov.f32 o11,z;");
        CudaAsm.Emit("mov.f32 o12,z; mov.f32 o13,z; mov.f32 o14,z; mov.f32 o15,z;");
        CudaAsm.Emit("mov.f32 o16,z; mov.f32 o17,z; mov.f32 o18,z; mov.f32 o19,z;");
        CudaAsm.Emit("mov.f32 o20,z; mov.f32 o21,z; mov.f32 o22,z; mov.f32 o23,z;");
        CudaAsm.Emit("mov.f32 o24,z; mov.f32 o25,z; mov.f32 o26,z; mov.f32 o27,z;");
        CudaAsm.Emit("mov.f32 o28,z; mov.f32 o29,z; mov.f32 o30,z; mov.f32 o31,z;");
        for (int j = t * 4; j < Keys; j += 16)
        {
            uint p = weights[(head * WeightPitch + j) / 2], q = weights[(head * WeightPitch + j) / 2 + 1];
            long at = values + (long)j * rowChunks + head;
            U4 v0 = Value(g, at, j, from, to), v1 = Value(g, at + rowChunks, j + 1, from, to);
            U4 v2 = Value(g, at + 2 * rowChunks, j + 2, from, to), v3 = Value(g, at + 3 * rowChunks, j + 3, from, to);
            CudaAsm.Emit(M + "{o0,o1,o2,o3}" + P + "{o0,o1,o2,o3};", p, q, Low(v0.X, v1.X), Low(v2.X, v3.X), 0u);
            CudaAsm.Emit(M + "{o4,o5,o6,o7}" + P + "{o4,o5,o6,o7};", p, q, High(v0.X, v1.X), High(v2.X, v3.X), 0u);
            CudaAsm.Emit(M + "{o8,o9,o10,o11}" + P + "{o8,o9,o10,o11};", p, q, Low(v0.Y, v1.Y), Low(v2.Y, v3.Y), 0u);
            CudaAsm.Emit(M + "{o12,o13,o14,o15}" + P + "{o12,o13,o14,o15};", p, q, High(v0.Y, v1.Y), High(v2.Y, v3.Y), 0u);
            CudaAsm.Emit(M + "{o16,o17,o18,o19}" + P + "{o16,o17,o18,o19};", p, q, Low(v0.Z, v1.Z), Low(v2.Z, v3.Z), 0u);
            CudaAsm.Emit(M + "{o20,o21,o22,o23}" + P + "{o20,o21,o22,o23};", p, q, High(v0.Z, v1.Z), High(v2.Z, v3.Z), 0u);
            CudaAsm.Emit(M + "{o24,o25,o26,o27}" + P + "{o24,o25,o26,o27};", p, q, Low(v0.W, v1.W), Low(v2.W, v3.W), 0u);
            CudaAsm.Emit(M + "{o28,o29,o30,o31}" + P + "{o28,o29,o30,o31};", p, q, High(v0.W, v1.W), High(v2.W, v3.W), 0u);
        }

        int at1 = head * SumPitch + (Group.IdxX >> 5) * HeadDimStep + t * 16;
        CudaAsm.Emit("mov.f32 %0, o0;", out sums[at1 + 0]);
        CudaAsm.Emit("mov.f32 %0, o1;", out sums[at1 + 8]);
        CudaAsm.Emit("mov.f32 %0, o4;", out sums[at1 + 1]);
        CudaAsm.Emit("mov.f32 %0, o5;", out sums[at1 + 9]);
        CudaAsm.Emit("mov.f32 %0, o8;", out sums[at1 + 2]);
        CudaAsm.Emit("mov.f32 %0, o9;", out sums[at1 + 10]);
        CudaAsm.Emit("mov.f32 %0, o12;", out sums[at1 + 3]);
        CudaAsm.Emit("mov.f32 %0, o13;", out sums[at1 + 11]);
        CudaAsm.Emit("mov.f32 %0, o16;", out sums[at1 + 4]);
        CudaAsm.Emit("mov.f32 %0, o17;", out sums[at1 + 12]);
        CudaAsm.Emit("mov.f32 %0, o20;", out sums[at1 + 5]);
        CudaAsm.Emit("mov.f32 %0, o21;", out sums[at1 + 13]);
        CudaAsm.Emit("mov.f32 %0, o24;", out sums[at1 + 6]);
        CudaAsm.Emit("mov.f32 %0, o25;", out sums[at1 + 14]);
        CudaAsm.Emit("mov.f32 %0, o28;", out sums[at1 + 7]);
        CudaAsm.Emit("mov.f32 %0, o29;", out sums[at1 + 15]);
    }

    private static U4 Value(AttentionArgs g, long at, int key, int from, int to)
    {
        U4 v = default;
        if (key >= from && key < to) v = g.Memory[at];
        return v;
    }

    /// <summary>The lower halves of two words.</summary>
    private static uint Low(uint x, uint y) => (x & 0xffffu) | (y << 16);

    /// <summary>The upper halves of two words.</summary>
    private static uint High(uint x, uint y) => (x >> 16) | (y & 0xffff0000u);
}
