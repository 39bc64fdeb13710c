using VlmSharp.Compute.Sampling;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Core.Tests.Generation;

/// <summary>Random numbers and draws.</summary>
public sealed class SamplerTests
{
    /// <summary>The known answers of Random123, the library of the paper's authors.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(
        0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(
        0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdcceb, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_the_published_numbers(uint x0, uint x1, uint x2, uint x3, uint k0, uint k1, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), CounterRandom.Philox(x0, x1, x2, x3, k0, k1));

    [Fact]
    public void Numbers_are_in_range_and_differ_by_seed_and_position()
    {
        var seen = new HashSet<double>();
        foreach (long seed in new[] { 0, 1, -1, long.MinValue, long.MaxValue, 1L << 32 })
            foreach (long position in new[] { 0, 1, 2, 1L << 32 })
            {
                double u = CounterRandom.Uniform(seed, position);
                Assert.InRange(u, 0, 1 - 1e-16);
                Assert.True(seen.Add(u));
                Assert.Equal(u, CounterRandom.Uniform(seed, position));
            }
    }

    /// <summary>
    /// The chi-square statistic of n draws with k outcomes, sum (observed - n p)^2 / (n p), has mean k - 1 and variance 2 (k - 1). Seeds
    /// fix the draws; for a fair sampler hardly any seed exceeds the bound of 5 standard deviations. This is tested along one stream (a
    /// long text) and across streams (the first token under many seeds).
    /// </summary>
    [Theory, InlineData(false, 11), InlineData(false, 12), InlineData(true, 0), InlineData(true, 1)]
    public void Draws_have_the_distribution_of_the_scores(bool acrossSeeds, long fix)
    {
        const int Outcomes = 40, Draws = 200_000;
        float[] scores = new float[2 * Outcomes]; // every second token is removed
        for (int i = 0; i < scores.Length; i++) scores[i] = i % 2 == 0 ? 3 - 0.05f * i : float.NegativeInfinity;
        double[] weights = new double[scores.Length];
        double total = Sampler.Weigh(scores, weights);
        var sampler = new Sampler(scores.Length);
        int[] observed = new int[scores.Length];
        for (int n = 0; n < Draws; n++)
            observed[sampler.Draw(scores, acrossSeeds ? CounterRandom.Uniform(n, fix) : CounterRandom.Uniform(fix, n))]++;

        double statistic = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            double expected = Draws * weights[i] / total;
            if (expected == 0) Assert.Equal(0, observed[i]);
            else statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
        }

        double bound = 5 * Math.Sqrt(2 * (Outcomes - 1));
        Assert.InRange(statistic, Outcomes - 1 - bound, Outcomes - 1 + bound);
    }

    [Fact]
    public void The_ends_of_the_distribution()
    {
        var sampler = new Sampler(4);
        float gone = float.NegativeInfinity;
        Assert.Equal(1, sampler.Draw([gone, 0, 0, gone], 0));
        Assert.Equal(1, sampler.Draw([gone, 0, 0, gone], 0.4999));
        Assert.Equal(2, sampler.Draw([gone, 0, 0, gone], 0.5));
        Assert.Equal(2, sampler.Draw([gone, 0, 0, gone], 1 - 1e-16));
        Assert.Equal(2, sampler.Draw([gone, float.NaN, 1e30f, gone], 0.3));
        Assert.Equal(1, sampler.Draw([0, float.PositiveInfinity, 1e30f, gone], 0.7));
        Assert.Equal(-1, sampler.Draw([float.NaN, gone, gone, float.NaN], 0.3));
        Assert.Equal(-1, sampler.Draw([gone, gone, gone, gone], 0.3));
    }
}
