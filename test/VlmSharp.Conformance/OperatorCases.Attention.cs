using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Attention, with and without a cache.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Heads, key-value heads, head size, soft-cap, window.</summary>
    public static TheoryData<int, int, int, float, int> AttentionSpecs() => new()
    {
        { 1, 1, 1, 0, 0 }, { 2, 2, 3, 0, 0 }, { 4, 4, 36, 0, 0 }, { 2, 1, 48, 0, 5 }, { 3, 3, 72, 0, 0 },
        { 8, 1, 64, 50, 0 }, { 4, 2, 128, 50, 33 },
        { 8, 1, 256, 0, 0 }, { 2, 2, 256, 30, 17 }, { 2, 1, 300, 0, 0 },
    };

    [BackendTheory]
    [MemberData(nameof(AttentionSpecs))]
    public void Attention(int heads, int kvHeads, int headDim, float softCap, int window)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), softCap, window);
        SequenceBatch batch = new();
        batch.Add(7, 7); // full
        batch.Add(1, 0); // one token
        batch.Add(280, 0); // causal, over several blocks of keys and of queries
        batch.Add(70, 40); // a prefix, then causal
        batch.Add(5, 9); // a prefix longer than the rows is the rows
        int rows = batch.TotalRows;
        float[] q = Numbers(rows * heads * headDim, 3), k = Numbers(rows * kvHeads * headDim, 3), v = Numbers(rows * kvHeads * headDim);
        Compare($"Attention {spec}", b =>
        {
            using Matrix query = b.Upload(q, rows, heads * headDim);
            using Matrix key = b.Upload(k, rows, kvHeads * headDim), value = b.Upload(v, rows, kvHeads * headDim);
            return b.Attention(query, key, value, batch, spec);
        }, AttentionBound(headDim));
    }

    // Scores of q.k up to about 9 sqrt(D): their error, absolute, is the relative error of the weights of values up to 1. Rounded
    // queries and keys make scores wrong by 1.7 u in the mean, the worst of many by 9 u, and the result by no more than that; values,
    // their weights and the result are rounded once each.
    private double AttentionBound(int headDim) =>
        4 * Close.SumBound(headDim, 9 / Math.Sqrt(headDim)) + 40 * Close.Unit + 12 * OperandRounding;

    [BackendTheory]
    [MemberData(nameof(AttentionSpecs))]
    public void CachedAttention(int heads, int kvHeads, int headDim, float softCap, int window)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), softCap, window);
        int width = kvHeads * headDim;
        int[] prefixes = [20, 3, 0];
        // Two steps: prompts of three lengths, then decoding of two of them mixed with the prompt of a fourth.
        float[] q1 = Numbers((20 + 5 + 1) * heads * headDim, 3), k1 = Numbers((20 + 5 + 1) * width, 3), v1 = Numbers((20 + 5 + 1) * width);
        float[] q2 = Numbers((1 + 2 + 90) * heads * headDim, 3), k2 = Numbers((1 + 2 + 90) * width, 3), v2 = Numbers((1 + 2 + 90) * width);
        Compare($"CachedAttention {spec}", b =>
        {
            using KvCache a = b.CreateKvCache(2, width, 128), c = b.CreateKvCache(2, width, 64);
            using KvCache d = b.CreateKvCache(2, width, 1), e = b.CreateKvCache(2, width, 90);
            SequenceBatch batch = new();
            batch.Add(20, prefixes[0], a);
            batch.Add(5, prefixes[1], c);
            batch.Add(1, prefixes[2], d);
            Step(b, batch, spec, q1, k1, v1).Dispose();
            batch.Advance();
            batch.Clear();
            batch.Add(1, prefixes[0], a);
            batch.Add(2, prefixes[1], c);
            batch.Add(90, 60, e);
            return Step(b, batch, spec, q2, k2, v2);
        }, AttentionBound(headDim));
    }

    /// <summary>One new token over a cache so long that splitting its keys over threads pays.</summary>
    [BackendTheory]
    [InlineData(8, 1, 64, 0, 0, 2100)]
    [InlineData(8, 1, 72, 50, 700, 1500)]
    [InlineData(4, 4, 36, 0, 0, 1025)]
    [InlineData(2, 1, 256, 0, 0, 600)]
    public void DecodeOverLongCache(int heads, int kvHeads, int headDim, float softCap, int window, int past)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), softCap, window);
        int width = kvHeads * headDim;
        float[] keys = Numbers(past * width, 3), values = Numbers(past * width);
        float[] q = Numbers(heads * headDim, 3), k = Numbers(width, 3), v = Numbers(width);
        Compare($"Decode {spec} after {past}", b =>
        {
            using KvCache cache = b.CreateKvCache(1, width, past + 1);
            SequenceBatch batch = new();
            batch.Add(past, 0, cache);
            using (Matrix a = b.Upload(keys, past, width), c = b.Upload(values, past, width)) b.AppendKeyValues(a, c, batch, 0);
            batch.Advance();
            batch.Clear();
            batch.Add(1, 0, cache);
            using Matrix query = b.Upload(q, 1, heads * headDim), key = b.Upload(k, 1, width), value = b.Upload(v, 1, width);
            b.AppendKeyValues(key, value, batch, 0);
            return b.CachedAttention(query, batch, 0, spec);
        }, AttentionBound(headDim));
    }

    /// <summary>
    /// A cache that copies another from where the two differ gives the same attention in every layer; the other cache is unchanged.
    /// </summary>
    [BackendTheory]
    [InlineData(5, 9, 7)]
    [InlineData(0, 4, 0)]
    [InlineData(6, 6, 11)]
    public void CopiedKeyValues(int common, int length, int before)
    {
        const int Layers = 3, Width = 10;
        var spec = new AttentionSpec(2, 1, Width, 0.3f);
        float[] shared = Numbers(Layers * common * Width);
        float[] own = Numbers(Layers * (length - common) * Width), other = Numbers(Layers * (before - common) * Width);
        using KvCache source = Backend.CreateKvCache(Layers, Width, length + 1), copy = Backend.CreateKvCache(Layers, Width, 20);
        Append(source, shared, common);
        Append(source, own, length - common);
        Append(copy, shared, common);
        Append(copy, other, before - common);
        copy.CopyFrom(Backend, source, common);
        Assert.Equal((length, length), (source.Length, copy.Length));
        float[] q = Numbers(2 * Width), last = Numbers(Layers * Width);
        Append(source, last, 1);
        Append(copy, last, 1);
        for (int layer = 0; layer < Layers; layer++) Assert.Equal(Attend(source, layer), Attend(copy, layer));

        void Append(KvCache cache, float[] numbers, int count)
        {
            if (count == 0) return;
            SequenceBatch batch = new();
            batch.Add(count, 0, cache);
            for (int layer = 0; layer < Layers; layer++)
            {
                using Matrix rows = Backend.Upload(numbers.AsSpan(layer * count * Width, count * Width), count, Width);
                Backend.AppendKeyValues(rows, rows, batch, layer);
            }

            batch.Advance();
        }

        float[] Attend(KvCache cache, int layer)
        {
            cache.Truncate(length); // the query takes the place of the last token, which is already in the cache
            SequenceBatch batch = new();
            batch.Add(1, 0, cache);
            using Matrix query = Backend.Upload(q, 1, 2 * Width);
            return Fetch(Backend, Backend.CachedAttention(query, batch, layer, spec));
        }
    }

    /// <summary>
    /// The weights of attention in a step that mixes decoding and a prompt: every row sums to 1, masked weights are
    /// exactly 0, and the weights times the values equal the result of <see cref="IComputeBackend.CachedAttention"/> gives.
    /// </summary>
    [BackendTheory]
    [MemberData(nameof(AttentionSpecs))]
    public void AttentionWeights(int heads, int kvHeads, int headDim, float softCap, int window)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), softCap, window);
        int width = kvHeads * headDim, longest = 60;
        float[] pastKeys = Numbers(20 * width, 3), pastValues = Numbers(20 * width);
        float[] q = Numbers(61 * heads * headDim, 3), k = Numbers(61 * width, 3), v = Numbers(61 * width);
        int[] looked = [60, 0, 1, 44, 0];
        using KvCache first = Backend.CreateKvCache(2, width, 21), second = Backend.CreateKvCache(2, width, longest);
        SequenceBatch batch = new();
        batch.Add(20, 20, first);
        using (Matrix a = Backend.Upload(pastKeys, 20, width), c = Backend.Upload(pastValues, 20, width))
            Backend.AppendKeyValues(a, c, batch, 1);
        batch.Advance();
        batch.Clear();
        batch.Add(1, 20, first);
        batch.Add(longest, 40, second);
        using Matrix query = Backend.Upload(q, 61, heads * headDim);
        using Matrix key = Backend.Upload(k, 61, width), value = Backend.Upload(v, 61, width);
        Backend.AppendKeyValues(key, value, batch, 1);
        Matrix tensor = Backend.AttentionWeights(query, batch, 1, spec, looked);
        Assert.Equal((looked.Length * heads, longest), (tensor.Rows, tensor.Columns));
        float[] weights = Fetch(Backend, tensor), attended = Fetch(Backend, Backend.CachedAttention(query, batch, 1, spec));

        for (int i = 0; i < looked.Length; i++)
        {
            SequenceSlice slice = batch.Slices[looked[i] == 0 ? 0 : 1];
            ReadOnlySpan<float> values = slice.Past > 0 ? [.. pastValues, .. v.AsSpan(0, width)] : v.AsSpan(width);
            int position = slice.Past + looked[i] - slice.RowStart, start = slice.VisibleStart(position, window);
            int end = Math.Min(slice.VisibleEnd(position), slice.Past + slice.RowCount);
            for (int h = 0; h < heads; h++)
            {
                ReadOnlySpan<float> p = weights.AsSpan((i * heads + h) * longest, longest);
                Assert.Equal(1, p.ToArray().Sum(x => (double)x), 1e-5);
                for (int j = 0; j < longest; j++)
                {
                    Assert.True(j >= start && j < end ? p[j] >= 0 : p[j] == 0,
                        $"row {looked[i]} of {spec} gives key {j} of [{start}, {end}) the weight {p[j]}");
                }

                float[] expected = new float[headDim];
                for (int d = 0; d < headDim; d++)
                {
                    double sum = 0;
                    for (int j = start; j < end; j++) sum += (double)p[j] * values[j * width + h / (heads / kvHeads) * headDim + d];
                    expected[d] = (float)sum;
                }

                ReadOnlySpan<float> actual = attended.AsSpan((looked[i] * heads + h) * headDim, headDim);
                Close.AssertAll($"weights times values of row {looked[i]}, {spec}", expected, actual, AttentionBound(headDim));
            }
        }
    }

    private static Matrix Step(IComputeBackend b, SequenceBatch batch, in AttentionSpec spec, float[] q, float[] k, float[] v)
    {
        int rows = batch.TotalRows;
        using Matrix query = b.Upload(q, rows, q.Length / rows);
        using Matrix key = b.Upload(k, rows, k.Length / rows), value = b.Upload(v, rows, v.Length / rows);
        b.AppendKeyValues(key, value, batch, 1);
        return b.CachedAttention(query, batch, 1, spec);
    }

    /// <summary>
    /// Scores that overflow exp, in rising order, so that each block of keys dwarfs the blocks before it, and in falling order.
    /// </summary>
    [BackendTheory]
    [InlineData(1)]
    [InlineData(-1)]
    public void AttentionOfLargeScores(int direction)
    {
        const int Rows = 600;
        float[] q = new float[Rows], k = new float[Rows], v = Numbers(Rows);
        // Neighbors in bf16, from 1024 on by 8 and more, which every backend takes as they are.
        for (int i = 0; i < Rows; i++) (q[i], k[i]) = (1, direction * BFloat16.ToSingle((ushort)(BFloat16.FromSingle(1024) + i)));
        SequenceBatch batch = new();
        batch.Add(Rows, Rows);
        Compare("Attention of large scores", b =>
        {
            using Matrix query = b.Upload(q, Rows, 1), key = b.Upload(k, Rows, 1), value = b.Upload(v, Rows, 1);
            return b.Attention(query, key, value, batch, new AttentionSpec(1, 1, 1, 1));
        }, 1e-6 + 4 * OperandRounding);
    }

    /// <summary>Masked keys may hold anything: the rows that do not see them are the same, bit for bit.</summary>
    [BackendTheory]
    [InlineData(2, 1, 8, 8, 0)]
    [InlineData(2, 1, 40, 40, 0)]
    [InlineData(8, 1, 20, 20, 7)]
    [InlineData(1, 1, 300, 300, 0)]
    [InlineData(4, 2, 300, 300, 270)]
    [InlineData(8, 1, 2, 1100, 0)] // the keys are processed in pieces
    [InlineData(4, 4, 30, 600, 580)]
    public void HiddenKeysHaveNoInfluence(int heads, int kvHeads, int queries, int keys, int window)
    {
        const int HeadDim = 20;
        int width = kvHeads * HeadDim, first = keys - queries;
        var spec = new AttentionSpec(heads, kvHeads, HeadDim, 0.3f, 0, window);
        float[] q = Numbers(queries * heads * HeadDim), k = Numbers(keys * width), v = Numbers(keys * width);
        float[] expected = Attend();
        // The last key is hidden from all rows except the last, and the first key from rows whose window has passed it.
        int[] hidden = window > 0 ? [0, keys - 1] : [keys - 1];
        int from = window > 0 ? Math.Max(first, window) - first : 0;
        Assert.InRange(from, 0, queries - 2);
        foreach (float anything in new[] { float.PositiveInfinity, float.NaN })
        {
            foreach (int key in hidden)
            {
                k.AsSpan(key * width, width).Fill(anything);
                v.AsSpan(key * width, width).Fill(anything);
            }

            float[] actual = Attend();
            Range rows = (from * heads * HeadDim)..((queries - 1) * heads * HeadDim);
            Assert.Equal(expected[rows], actual[rows]);
            Assert.DoesNotContain(actual[^(heads * HeadDim)..], float.IsFinite);
        }

        float[] Attend()
        {
            using KvCache cache = Backend.CreateKvCache(1, width, keys);
            SequenceBatch batch = new();
            batch.Add(keys, 0, cache);
            using (Matrix key = Backend.Upload(k, keys, width), value = Backend.Upload(v, keys, width))
                Backend.AppendKeyValues(key, value, batch, 0);
            batch.Advance();
            cache.Truncate(first); // the queries are the last rows of the sequence, whose keys are already in the cache
            batch.Clear();
            batch.Add(queries, 0, cache);
            using Matrix query = Backend.Upload(q, queries, heads * HeadDim);
            return Fetch(Backend, Backend.CachedAttention(query, batch, 0, spec));
        }
    }

    /// <summary>By hand: scores 0 and ln 3 weigh the values 1 and 5 as 1 : 3, which gives 4; the first token sees only itself.</summary>
    [BackendFact]
    public void AttentionByHand()
    {
        SequenceBatch batch = new();
        batch.Add(2, 0);
        using Matrix q = Backend.Upload([1, 1], 2, 1), k = Backend.Upload([0, MathF.Log(3)], 2, 1), v = Backend.Upload([1, 5], 2, 1);
        float[] y = Fetch(Backend, Backend.Attention(q, k, v, batch, new AttentionSpec(1, 1, 1, 1)));
        Close.AssertAll("Attention", [1, 4], y, 1e-6 + 6 * OperandRounding); // weights of 5, ln 3 and y
    }

    /// <summary>By hand: scores 0 and ln 3 make weights of 1 : 3 for the second token; the first sees only itself.</summary>
    [BackendFact]
    public void AttentionWeightsByHand()
    {
        using KvCache cache = Backend.CreateKvCache(1, 1, 2);
        SequenceBatch batch = new();
        batch.Add(2, 0, cache);
        using Matrix q = Backend.Upload([1, 1], 2, 1), k = Backend.Upload([0, MathF.Log(3)], 2, 1);
        Backend.AppendKeyValues(k, k, batch, 0);
        float[] weights = Fetch(Backend, Backend.AttentionWeights(q, batch, 0, new AttentionSpec(1, 1, 1, 1), [1, 0]));
        Close.AssertAll("weights", [0.25f, 0.75f, 1, 0], weights, 1e-6 + OperandRounding); // caches may be bf16
    }

    /// <summary>A ragged batch gives the results of its sequences one by one, bit for bit or nearly so.</summary>
    [BackendFact]
    public void BatchIsItsSequences()
    {
        const int HeadDim = 24, Heads = 2;
        int[] lengths = [9, 1, 33];
        var spec = new AttentionSpec(Heads, 1, HeadDim, 0.2f);
        float[] q = Numbers(lengths.Sum() * Heads * HeadDim), k = Numbers(lengths.Sum() * HeadDim), v = Numbers(lengths.Sum() * HeadDim);
        SequenceBatch all = new();
        foreach (int length in lengths) all.Add(length, length / 2);
        float[] together = Run(all, q, k, v);
        int row = 0;
        foreach (int length in lengths)
        {
            SequenceBatch one = new();
            one.Add(length, length / 2);
            float[] alone = Run(one, Part(q, row, length, Heads * HeadDim), Part(k, row, length, HeadDim), Part(v, row, length, HeadDim));
            Close.AssertAll("alone and together", alone, Part(together, row, length, Heads * HeadDim), 1e-6);
            row += length;
        }

        float[] Run(SequenceBatch batch, float[] a, float[] b, float[] c)
        {
            using Matrix x = Backend.Upload(a, batch.TotalRows, Heads * HeadDim);
            using Matrix y = Backend.Upload(b, batch.TotalRows, HeadDim), z = Backend.Upload(c, batch.TotalRows, HeadDim);
            return Fetch(Backend, Backend.Attention(x, y, z, batch, spec));
        }

        static float[] Part(float[] x, int row, int rows, int columns) => x.AsSpan(row * columns, rows * columns).ToArray();
    }
}
