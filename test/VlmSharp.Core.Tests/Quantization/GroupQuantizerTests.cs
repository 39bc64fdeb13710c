using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Quantization;

public sealed unsafe class GroupQuantizerTests
{
    private static float[] RoundTrip(float[] row, DType format)
    {
        byte* elements = stackalloc byte[(int)format.RowBytes(row.Length)];
        ushort* scales = stackalloc ushort[(int)format.Groups(row.Length)];
        Assert.True(GroupQuantizer.Quantize(row, format, elements, scales));
        var weight = new WeightData("w", format, 1, row.Length, (nint)elements, row, (nint)scales);
        float[] values = new float[row.Length];
        weight.Widen(0, values);
        for (int i = 0; i < row.Length; i++) Assert.Equal(values[i], weight.At(0, i));
        return values;
    }

    private static float[] Normal(int count, float scale, int seed = 5)
    {
        var random = new Random(seed);
        return [
            .. Enumerable.Range(0, count)
                .Select(
                    _ => scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))
        ];
    }

    /// <summary>An 8-bit number is off by at most half a step, plus the shift of the range's ends that rounding the scale causes.</summary>
    [Theory]
    [InlineData(1e-30f)]
    [InlineData(0.02f)]
    [InlineData(3e20f)]
    public void Int8_is_within_half_a_step(float scale)
    {
        float[] row = Normal(640, scale), back = RoundTrip(row, DType.Int8);
        for (int group = 0; group < row.Length; group += 64)
        {
            float most = row.AsSpan(group, 64).ToArray().Max(Math.Abs);
            for (int i = group; i < group + 64; i++) Assert.InRange(Math.Abs(row[i] - back[i]), 0, most / 127 * 0.75f);
        }
    }

    /// <summary>The search beats the rule that it starts from, extreme / -8; for normally distributed numbers the gain is known.</summary>
    [Fact]
    public void Int4_beats_the_plain_rule()
    {
        float[] row = Normal(32 * 400, 0.02f), back = RoundTrip(row, DType.Int4);
        double found = 0, plain = 0;
        for (int group = 0; group < row.Length; group += 32)
        {
            float extreme = row.AsSpan(group, 32).ToArray().MaxBy(Math.Abs), step = extreme / -8;
            for (int i = group; i < group + 32; i++)
            {
                found += Math.Pow(row[i] - back[i], 2);
                plain += Math.Pow(row[i] - step * Math.Clamp(MathF.Round(row[i] / step), -8, 7), 2);
            }
        }

        Assert.InRange(found / plain, 0.5, 0.95);
        Assert.InRange(Math.Sqrt(found / row.Length) / 0.02, 0.05, 0.09);
    }

    /// <summary>Numbers that a format can represent are unchanged, at every place in a group.</summary>
    [Theory]
    [InlineData(DType.Int8, 127)]
    [InlineData(DType.Int4, 7)]
    public void Numbers_that_a_format_can_represent_are_unchanged(DType format, int most)
    {
        float[] row = [.. Enumerable.Range(0, 192).Select(i => 0.25f * ((i * 37 + i / 64) % (2 * most + 1) - most))];
        for (int group = 0; group < row.Length; group += format.GroupSize()) row[group] = format == DType.Int8 ? 0.25f * most : -2;
        Assert.Equal(row, RoundTrip(row, format));
    }

    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void Zeros_and_groups_of_equal_numbers_stay(DType format)
    {
        Assert.All(RoundTrip(new float[128], format), v => Assert.Equal(0, v));
        float[] one = new float[128];
        one[70] = -1.5f;
        Assert.Equal(one, RoundTrip(one, format), (a, b) => Math.Abs(a - b) <= 0.01f);
    }

    /// <summary>Scaling all numbers by a power of two leaves the integers unchanged, however large or small the squares are.</summary>
    [Theory]
    [InlineData(DType.Int8, -90)]
    [InlineData(DType.Int8, 125)]
    [InlineData(DType.Int4, -90)]
    [InlineData(DType.Int4, 70)]
    [InlineData(DType.Int4, 125)]
    public void A_power_of_two_changes_only_the_scale(DType format, int power)
    {
        float[] row = Normal(640, 0.02f);
        float[] expected = [.. RoundTrip(row, format).Select(v => MathF.ScaleB(v, power))];
        Assert.Equal(expected, RoundTrip([.. row.Select(v => MathF.ScaleB(v, power))], format));
    }

    /// <summary>At the ends of the range no number becomes infinite or larger than the largest of its group.</summary>
    [Theory]
    [InlineData(DType.Int8, float.MaxValue)]
    [InlineData(DType.Int8, -float.MaxValue)]
    [InlineData(DType.Int8, 2e-37f)]
    [InlineData(DType.Int8, float.Epsilon)]
    [InlineData(DType.Int4, float.MaxValue)]
    [InlineData(DType.Int4, -float.MaxValue)]
    [InlineData(DType.Int4, 1e-38f)]
    [InlineData(DType.Int4, float.Epsilon)]
    public void Numbers_at_the_ends_of_the_range_stay_in_it(DType format, float extreme)
    {
        float[] row = [.. Enumerable.Range(0, 64).Select(i => extreme * ((i * 37 % 64 - 31) / 32f))];
        float[] back = RoundTrip(row, format);
        float step = Math.Abs(extreme) / (format == DType.Int8 ? 127 : 7);
        for (int i = 0; i < row.Length; i++) Assert.InRange(Math.Abs(row[i] - back[i]), 0, Math.Max(Math.Abs(row[i]), step));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_not_finite_is_refused(float odd)
    {
        byte* elements = stackalloc byte[192];
        ushort* scales = stackalloc ushort[6];
        foreach (DType format in new[] { DType.Int8, DType.Int4 })
        {
            for (int i = 0; i < 192; i++)
            {
                float[] row = Normal(192, 0.02f);
                row[i] = odd;
                Assert.False(GroupQuantizer.Quantize(row, format, elements, scales));
            }
        }
    }

    [Fact]
    public void Groups_must_be_whole()
    {
        Assert.True(DType.Int8.Fits(2304));
        Assert.False(DType.Int8.Fits(96));
        Assert.True(DType.Int4.Fits(96));
        Assert.False(DType.Int4.Fits(84));
        Assert.True(DType.BF16.Fits(7));
        Assert.Equal((2048 * 66L, 2048 * 36L), (DType.Int8.ByteLength(2048, 64), DType.Int4.ByteLength(2048, 64)));
    }
}
