using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Ladder.Attention;

namespace VlmSharp.Ladder.Tests;

/// <summary>Every rung of attention computes what the reference backend's loops compute.</summary>
public sealed unsafe class AttentionLadderTests
{
    private const double Tolerance = 2e-6; // values are up to 1, and a result is a mean of them

    public static TheoryData<string> Rungs => [.. AttentionLadder.Rungs.Select(rung => rung.Name)];

    [Theory, MemberData(nameof(Rungs))]
    public void A_rung_equals_the_reference(string name)
    {
        // All see all; causal; a prefix; over the blocks of 64 and 256 keys and of 96 queries; head sizes that fill no register.
        foreach (AttentionShape shape in new AttentionShape[]
            { new(16, 16, 16), new(1, 3, 0), new(100, 72, 0), new(97, 5, 40), new(300, 20, 270), new(530, 12, 0) })
        {
            float[] q = Scaled(shape, 1, 3), k = Scaled(shape, 2, 3), v = Scaled(shape, 3, 1);
            Close.AssertAll($"{name}, {shape}", Reference(q, k, v, shape), Run(name, q, k, v, shape), Tolerance);
        }
    }

    /// <summary>What the largest score is subtracted for.</summary>
    [Fact]
    public void Large_scores_overflow_in_the_equation_alone()
    {
        var shape = new AttentionShape(20, 64, 20);
        float[] q = Scaled(shape, 1, 60), k = Scaled(shape, 2, 60), v = Scaled(shape, 3, 1), expected = Reference(q, k, v, shape);
        Assert.Contains(Run(AttentionLadder.Rungs[0].Name, q, k, v, shape), y => float.IsNaN(y));
        foreach ((string name, _) in AttentionLadder.Rungs.Skip(1))
            Close.AssertAll(name, expected, Run(name, q, k, v, shape), 2e-3); // scores of 1e3 are rounded to 1e-4
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        var shape = new AttentionShape(400, 40, 100);
        float[] q = Scaled(shape, 4, 3), k = Scaled(shape, 5, 3), v = Scaled(shape, 6, 1);
        Assert.Equal(Run("softmax on vectors", q, k, v, shape), Run("threads", q, k, v, shape));
    }

    private static float[] Scaled(AttentionShape shape, int seed, float factor) =>
        [.. GuardedFloats.Numbers(shape.Tokens * shape.HeadDim, seed).Select(value => factor * value)];

    private static float[] Run(string name, float[] q, float[] k, float[] v, AttentionShape shape)
    {
        using GuardedFloats query = new(q), key = new(k), value = new(v), result = new(q.Length);
        AttentionLadder.Rungs.Single(rung => rung.Name == name).Attend(query.Floats, key.Floats, value.Floats, result.Floats, shape);
        Assert.True(result.IsIntact, $"{name}, {shape} writes outside of y.");
        return result.Span.ToArray();
    }

    private static float[] Reference(float[] q, float[] k, float[] v, AttentionShape shape)
    {
        using var backend = new ReferenceBackend();
        using Matrix query = backend.Upload(q, shape.Tokens, shape.HeadDim);
        using Matrix key = backend.Upload(k, shape.Tokens, shape.HeadDim), value = backend.Upload(v, shape.Tokens, shape.HeadDim);
        SequenceBatch batch = new();
        batch.Add(shape.Tokens, shape.Prefix);
        using Matrix output = backend.Attention(query, key, value, batch.Table, new AttentionSpec(1, 1, shape.HeadDim, shape.Scale));
        float[] y = new float[q.Length];
        backend.Download(output, y);
        return y;
    }
}
