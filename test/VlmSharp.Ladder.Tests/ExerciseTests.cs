using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Ladder.Attention;
using VlmSharp.Ladder.Exercises;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Ladder.Tests;

/// <summary>The solutions of the exercises on the pages are right.</summary>
public sealed unsafe class ExerciseTests
{
    [Fact]
    public void With_16_registers_the_tile_of_4_by_24_loads_least()
    {
        Assert.Equal((4, 3, 12 / 7.0), TileShapes.FewestLoads(16));
        Assert.Equal(1.5, TileShapes.Ratio(6, 2)); // the tile that is used
        Assert.Equal((5, 5, 2.5), TileShapes.FewestLoads(32));
        Assert.Equal(12 / 7.0, TileShapes.Ratio(12, 2));
    }

    [Fact]
    public void The_tile_of_4_by_24_computes_what_the_tile_of_6_by_16_computes()
    {
        const int Length = 37, Width = 48; // both tiles fill 12 rows and 48 columns
        using GuardedFloats a = new(GuardedFloats.Numbers(12 * Length, 1)), b = new(GuardedFloats.Numbers(Length * Width, 2));
        using GuardedFloats expected = new(GuardedFloats.Numbers(12 * Width, 3)), wide = new(GuardedFloats.Numbers(12 * Width, 3));
        for (int i = 0; i < 12; i += RegisterTile.Rows)
            for (int j = 0; j < Width; j += RegisterTile.Columns)
                RegisterTile.MultiplyAdd(
                    a.Floats + i * Length, Length, RegisterTile.Rows, b.Floats + j, Width, expected.Floats + i * Width + j, Width, Length);
        for (int i = 0; i < 12; i += WideTile.Rows)
            for (int j = 0; j < Width; j += WideTile.Columns)
                WideTile.MultiplyAdd(a.Floats + i * Length, Length, b.Floats + j, Width, wide.Floats + i * Width + j, Width, Length);
        Assert.Equal(expected.Span, wide.Span);
        Assert.True(wide.IsIntact);
    }

    /// <summary>Ten keys, each a part of its own, joined from the left, from the right, and by halves.</summary>
    [Fact]
    public void Parts_of_a_softmax_join_to_the_whole_in_any_order()
    {
        var shape = new AttentionShape(10, 8, 10);
        float[] q = GuardedFloats.Numbers(80, 1), k = GuardedFloats.Numbers(80, 2), v = GuardedFloats.Numbers(80, 3), y = new float[80];
        q.AsSpan(0, 8).Clear();
        q[0] = 300; // scores far apart, so that parts fade
        fixed (float* pq = q, pk = k, pv = v, py = y) Rung2RowByRow.Attend(pq, pk, pv, py, shape);
        SoftmaxPart[] parts = [.. Enumerable.Range(0, 10).Select(j =>
            SoftmaxPart.Of(shape.Scale * q[0] * k[8 * j], v.AsSpan(8 * j, 8)))];
        SoftmaxPart Halves(int from, int to) =>
            to - from == 1 ? parts[from] : Halves(from, (from + to) / 2).JoinedWith(Halves((from + to) / 2, to));

        var nothing = new SoftmaxPart(float.NegativeInfinity, 0, new float[8]);
        SoftmaxPart left = parts.Aggregate(nothing, (sum, part) => sum.JoinedWith(part));
        SoftmaxPart right = parts.Reverse().Aggregate(nothing.JoinedWith(nothing), (sum, part) => part.JoinedWith(sum));
        foreach (SoftmaxPart whole in new[] { left, right, Halves(0, 10) }) Close.AssertAll("joined", y.AsSpan(0, 8), whole.Result, 1e-6);
    }

    [Fact]
    public void Neighbors_turn_as_halves_do_when_features_are_permuted()
    {
        const int Dim = 8, Tokens = 5;
        using var backend = new ReferenceBackend();
        SequenceBatch batch = new();
        batch.Add(Tokens, 0);
        float[] q = GuardedFloats.Numbers(Tokens * Dim, 1), k = GuardedFloats.Numbers(Tokens * Dim, 2), angles = new float[Tokens * Dim];
        using Matrix table = backend.RotaryAngles(batch.Table, Dim, 10000, 0);
        backend.Download(table, angles);
        (float[] halvesQ, float[] neighborsQ) = BothWays(q);
        (float[] halvesK, float[] neighborsK) = BothWays(k);
        for (int t = 0; t < Tokens; t++)
        {
            for (int i = 0; i < Dim; i++)
                Assert.Equal(halvesQ[t * Dim + i], neighborsQ[t * Dim + NeighborRope.FromHalves(i, Dim)], 1e-6f);
            for (int other = 0; other < Tokens; other++)
                Assert.Equal(Dot(halvesQ, t, halvesK, other), Dot(neighborsQ, t, neighborsK, other), 1e-5f);
        }

        (float[], float[]) BothWays(float[] x)
        {
            float[] halves = new float[x.Length], permuted = new float[x.Length], neighbors = new float[x.Length];
            using Matrix input = backend.Upload(x, Tokens, Dim), turned = backend.Rope(input, table);
            backend.Download(turned, halves);
            for (int t = 0; t < Tokens; t++)
            {
                for (int i = 0; i < Dim; i++) permuted[t * Dim + NeighborRope.FromHalves(i, Dim)] = x[t * Dim + i];
                ReadOnlySpan<float> row = angles.AsSpan(t * Dim, Dim);
                NeighborRope.Turn(permuted.AsSpan(t * Dim, Dim), row[..(Dim / 2)], row[(Dim / 2)..], neighbors.AsSpan(t * Dim, Dim));
            }

            return (halves, neighbors);
        }

        float Dot(float[] a, int row, float[] b, int other) =>
            Enumerable.Range(0, Dim).Sum(i => a[row * Dim + i] * b[other * Dim + i]);
    }

    [Fact]
    public void The_error_of_int8_is_foreseen()
    {
        const int Count = 64 * 2000;
        var random = new Random(1);
        float[] w = [.. Enumerable.Range(0, Count).Select(_ =>
            // Box and Muller 1958
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
        var elements = new byte[Count];
        var scales = new ushort[Count / 64];
        fixed (byte* q = elements)
        fixed (ushort* s = scales) Assert.True(GroupQuantizer.Quantize(w, DType.Int8, q, s));
        double square = 0;
        for (int i = 0; i < Count; i++) square += Math.Pow(w[i] - BFloat16.ToSingle(scales[i / 64]) * (sbyte)elements[i], 2);
        Close.AssertRelative("root mean square error", GroupError.RootMeanSquare(64, 127), Math.Sqrt(square / Count), 0.02);
        Close.AssertRelative(
            "of groups of 128 beside 64", 1.085, GroupError.RootMeanSquare(128, 127) / GroupError.RootMeanSquare(64, 127), 0.005);
    }

    [Fact]
    public void A_token_of_PaliGemma_3B_reads_5_GB()
    {
        PaliGemmaConfig config = SyntheticCheckpoint.Shapes["paligemma-3b-224"];
        var bytes = new DecodeBytes(18, 2048, 8, 1, 256, 16384, 257216);
        Assert.Equal(
            (config.Text.Layers, config.Text.HiddenSize, config.Text.IntermediateSize),
            (bytes.Layers, bytes.Hidden, bytes.Intermediate));
        string[] ofAToken = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "embed_tokens"];
        Assert.Equal(
            TensorTable.For(config)
                .Where(tensor => tensor.Name.Contains("language_model") && ofAToken.Any(tensor.Name.Contains))
                .Sum(tensor => tensor.Elements),
            bytes.Weights);
        Assert.Equal(5.02e9, 2.0 * bytes.Weights, 0.005e9);
        Assert.Equal(7.97, bytes.MostTokensPerSecond(16, 40e9), 0.01);
    }
}
