using VlmSharp.Compute.Sampling;
using VlmSharp.Generation;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Core.Tests.Generation;

/// <summary>Cases by hand that the recorded ones do not cover.</summary>
public sealed class ProcessorTests
{
    private const float Gone = float.NegativeInfinity;

    [Theory]
    [InlineData(1, new[] { 2, 2, 4 }, new[] { 2, 4 })]
    [InlineData(2, new[] { 1, 2, 1, 3, 1 }, new[] { 2, 3 })]
    [InlineData(3, new[] { 1, 2, 3, 1, 2 }, new[] { 3 })]
    [InlineData(3, new[] { 1, 2, 3, 2, 1 }, new int[0])]
    [InlineData(2, new[] { 0, 0 }, new[] { 0 })]
    [InlineData(4, new[] { 1, 2, 3 }, new int[0])]
    [InlineData(5, new int[0], new int[0])]
    public void No_run_of_n_tokens_is_repeated(int size, int[] history, int[] removed)
    {
        float[] scores = new float[6];
        NoRepeatNgram.Apply(scores, history, size);
        Assert.Equal(removed, Enumerable.Range(0, 6).Where(id => scores[id] == Gone));
    }

    [Fact]
    public void A_repeated_token_is_penalized_once()
    {
        float[] scores = [4, -4, 4, -4];
        new RepetitionPenalty(4).Apply(scores, [0, 1, 1, 0], 2);
        Assert.Equal([2, -8, 4, -4], scores);
    }

    [Fact]
    public void The_end_is_suppressed_until_there_are_enough_new_tokens()
    {
        for (int made = 0; made < 4; made++)
        {
            float[] scores = [0, 0, 0, 0];
            MinimumLength.Apply(scores, made, 2, [1, 3]);
            Assert.Equal(made < 2 ? [0, Gone, 0, Gone] : [0, 0, 0, 0], scores);
        }
    }

    /// <summary>The shortcut of top-p, which sorts only the tokens that can stay, equals sorting all of them.</summary>
    [Theory, InlineData(0f), InlineData(0.1f), InlineData(0.5f), InlineData(0.9f), InlineData(0.999f), InlineData(1f)]
    public void Top_p_keeps_the_smallest_set_whose_probability_reaches_p(float p)
    {
        var random = new Random(7);
        for (int round = 0; round < 50; round++)
        {
            float[] scores = [.. Enumerable.Range(0, 200).Select(_ => (float)(random.NextDouble() * 12 * (round % 3)))];
            double[] weights = new double[scores.Length];
            double total = Sampler.Weigh(scores, weights), before = 0;
            var expected = new HashSet<int>();
            foreach (int id in Enumerable.Range(0, scores.Length).OrderByDescending(id => weights[id]))
            {
                if (expected.Count > 0 && before >= p * total) break;
                before += weights[id];
                expected.Add(id);
            }

            float[] kept = [.. scores];
            new TopP(kept.Length).Apply(kept, p);
            Assert.Equal(expected.Count, kept.Count(float.IsFinite));
            // any of several equal tokens may stay
            Assert.Equal(
                expected.Sum(id => weights[id]),
                Enumerable.Range(0, kept.Length).Where(id => kept[id] > Gone).Sum(id => weights[id]),
                1e-9);
        }
    }

    [Theory, InlineData(1), InlineData(3), InlineData(50), InlineData(64)]
    public void The_selector_agrees_with_sorting(int n)
    {
        var random = new Random(n);
        var selector = new TopSelector(n);
        for (int round = 0; round < 200; round++)
        {
            float[] scores =
            [
                .. Enumerable.Range(0, random.Next(0, 80))
                    .Select(_ => random.Next(8) switch { 0 => Gone, 1 => float.NaN, _ => random.Next(5) })
            ];
            int[] expected =
            [
                .. Enumerable.Range(0, scores.Length)
                    .Where(id => scores[id] > Gone)
                    .OrderByDescending(id => scores[id])
                    .ThenBy(id => id).Take(n)
            ];
            selector.Select(scores);
            float smallest = expected.Length == n ? scores[expected[^1]] : Gone;
            Assert.Equal(smallest, selector.Smallest);
            selector.Order();
            Assert.Equal(smallest, selector.Smallest);
            Assert.Equal(expected, selector.Ids.ToArray());
            Assert.Equal(expected.Select(id => scores[id]), selector.Values.ToArray());
        }
    }

    [Fact]
    public void The_defaults_of_sampling_are_those_of_transformers()
    {
        float[] scores = [.. Enumerable.Range(0, 200).Select(id => -id * 0.01f)];
        new TokenSampler(200).Apply(scores, new GenerationOptions { Temperature = 1 }.Rule(0, 0, 200));
        Assert.Equal(GenerationOptions.DefaultTopK, scores.Count(float.IsFinite));
        foreach (GenerationOptions nothing in new[] { new GenerationOptions(), new GenerationOptions { TopK = 0 } })
        {
            float[] untouched = [.. Enumerable.Range(0, 200).Select(id => -id * 0.01f)];
            new TokenSampler(200).Apply(untouched, nothing.Rule(0, 0, 200));
            Assert.Equal(200, untouched.Count(float.IsFinite));
            Assert.True(nothing.HistoryLimits.IsNone);
        }
    }

    [Fact]
    public void Masked_logits_and_their_log_softmax()
    {
        float[] scores = [9, 0, 9, MathF.Log(3), float.NaN], logs = new float[5];
        AllowedTokens.Mask(scores, [1, 3]);
        Assert.Equal([Gone, 0, Gone, MathF.Log(3), Gone], scores);
        AllowedTokens.LogSoftmax(scores, [1, 3], logs);
        Assert.Equal([Gone, MathF.Log(0.25f), Gone, MathF.Log(0.75f), Gone], logs, (a, b) => a == b || Math.Abs(a - b) < 1e-6);
    }

    /// <summary>Even if logits are NaN, only allowed tokens are chosen.</summary>
    [Fact]
    public void Masked_logits_are_finite()
    {
        float[] scores = [1, float.NaN, float.PositiveInfinity, Gone, 5], logs = new float[5];
        AllowedTokens.Mask(scores, [1, 2, 3]);
        Assert.Equal([Gone, float.MinValue, float.MaxValue, float.MinValue, Gone], scores);
        AllowedTokens.LogSoftmax(scores, [1, 2, 3], logs);
        Assert.Equal(0, logs[2]);
        scores = [float.NaN, float.NaN, 7];
        AllowedTokens.Mask(scores, [0, 1]);
        AllowedTokens.LogSoftmax(scores, [0, 1], logs.AsSpan(0, 3));
        Assert.Equal([MathF.Log(0.5f), MathF.Log(0.5f), Gone], logs[..3]);
    }

    [Fact]
    public void The_rows_of_the_head_are_the_union_in_order_or_all_rows()
    {
        var rows = new HeadRows(300);
        rows.Clear();
        rows.Add(Allowing(0, 63, 64, 299), [7, 1]);
        rows.Add(Allowing(63, 200), [7, 1]);
        Assert.Equal([0, 63, 64, 200, 299], rows.Collect()!);
        rows.Add(Allowing(), [7, 1]);
        Assert.Null(rows.Collect());
        rows.Clear();
        rows.Add(Allowing(5), [7, 1]);
        Assert.Equal([5], rows.Collect()!);
        rows.Add(new PreparedPrompt([7], []), [7, 1]);
        Assert.Null(rows.Collect());
    }

    [Theory, InlineData(2, 1), InlineData(3, 3), InlineData(-1), InlineData(300)]
    public void A_constraint_that_breaks_its_contract_is_reported(params int[] allowed) =>
        Assert.Contains(
            "token constraint",
            Assert.Throws<InvalidOperationException>(() => Allowing(allowed).AllowedAfter([7, 1], 300).Length).Message,
            StringComparison.Ordinal);

    private static PreparedPrompt Allowing(params int[] ids) => new([7], []) { Constraint = new Fixed(ids) };

    private sealed class Fixed(int[] ids) : ITokenConstraint
    {
        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens)
        {
            Assert.Equal([1], newTokens.ToArray()); // the prompt is not included
            return ids;
        }
    }
}
