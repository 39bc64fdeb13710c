using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>Scales with round numbers around the drawn values.</summary>
public sealed class ChartScaleTests
{
    [Theory]
    [InlineData(new[] { 0.03, 1.5 }, new[] { 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2 })]
    [InlineData(new[] { 0.02, 2 }, new[] { 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2 })] // the ends are already round
    [InlineData(new[] { 0.003, 7 }, new[] { 0.01, 0.1, 1, 10 })] // from 0.002 to 10: only powers of ten
    [InlineData(new[] { 0.5, 0.5 }, new[] { 0.5, 1 })]
    [InlineData(new[] { 0.0, 1 }, new[] { 1.0, 2 })]
    [InlineData(new double[0], new[] { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1 }, true)]
    public void Equal_factors_are_equal_distances(double[] values, double[] ticks, bool onlyTens = false)
    {
        var scale = ChartScale.Logarithmic(values);
        Assert.Equal(
            onlyTens ? ticks.Where(t => Math.Abs(Math.Log10(t) % 1) < 1e-9) : ticks, scale.Ticks, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal((0, 1), (scale.At(scale.Low), scale.At(scale.High)));
        Assert.Equal(0.5, scale.At(Math.Sqrt(scale.Low * scale.High)), 1e-9);
        Assert.Equal(0, scale.At(0)); // below everything that can be shown
    }

    [Theory]
    [InlineData(58, new[] { 0.0, 20, 40, 60 })]
    [InlineData(5, new[] { 0.0, 1, 2, 3, 4, 5 })]
    [InlineData(0.3, new[] { 0.0, 0.1, 0.2, 0.3 })]
    [InlineData(101, new[] { 0.0, 50, 100, 150 })]
    public void Counts_begin_at_zero(double most, double[] ticks)
    {
        var scale = ChartScale.FromZero([most / 3, most]);
        Assert.Equal(ticks, scale.Ticks, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal((0, 1), (scale.At(0), scale.At(scale.High)));
        Assert.Equal(scale.High, ChartScale.FromZero([most]).High);
    }

    [Fact]
    public void No_values_have_a_scale_too() => Assert.Equal(0, ChartScale.FromZero([0, 0]).At(0));
}
