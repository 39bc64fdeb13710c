using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Compute;

/// <summary>Compares the map of 8-bit moments with that of bitsandbytes, and its search with a linear one.</summary>
public sealed class DynamicMapTests
{
    [Fact]
    public void The_signed_map_equals_that_of_bitsandbytes()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", "nf4.json")));
        JsonElement tensor = golden.RootElement.GetProperty("tensors")
            .GetProperty("pg1")
            .GetProperty("language_model.model.layers.0.mlp.down_proj.weight.nested_quant_map");
        Assert.Equal(
            tensor.GetProperty("sha256").GetString(),
            Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(DynamicMap.Signed.Values))));
    }

    /// <summary>By hand: the last decade has 128 parts of [0.1, 1], the first has 2 of [1e-7, 1e-6].</summary>
    [Fact]
    public void The_unsigned_map_has_twice_as_many_numbers_above_zero()
    {
        ReadOnlySpan<float> values = DynamicMap.Unsigned.Values;
        Assert.Equal(256, values.Length);
        Close.AssertAll("the first", [0, 3.25e-7f, 7.75e-7f], values[..3], 1e-12);
        Assert.Equal(1, values[255]);
        Assert.Equal(1 - 0.9 / 256, values[254], 1e-6);
        for (int i = 1; i < 256; i++) Assert.True(values[i] > values[i - 1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_nearest_number_is_found(bool signed)
    {
        DynamicMap map = signed ? DynamicMap.Signed : DynamicMap.Unsigned;
        var random = new Random(3);
        var numbers = new List<float>
        {
            0, -0f, 1, -1, 2, -2, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, float.PositiveInfinity,
            float.NegativeInfinity
        };
        for (int i = 0; i < 256; i++)
        {
            numbers.AddRange([map[(byte)i], MathF.BitIncrement(map[(byte)i]), MathF.BitDecrement(map[(byte)i])]);
            if (i == 0) continue;
            float middle = (map[(byte)i] + map[(byte)(i - 1)]) / 2;
            numbers.AddRange([middle, MathF.BitIncrement(middle), MathF.BitDecrement(middle)]);
        }

        for (int i = 0; i < 20000; i++) numbers.Add((float)(Math.Pow(10, -8 * random.NextDouble()) * (2 * random.NextDouble() - 1)));
        foreach (float x in numbers)
        {
            // The linear search: the first code that no later code beats.
            int expected = 0;
            for (int i = 1; i < 256; i++)
                if (x > (map[(byte)i] + map[(byte)(i - 1)]) / 2) expected = i;
            Assert.True(expected == map.Nearest(x), $"{x:R} should have the code {expected}, has {map.Nearest(x)}.");
        }

        Assert.Equal(0, map.Nearest(float.NaN));
    }

    [Fact]
    public void Rounding_many_numbers_to_bfloat16_is_rounding_each()
    {
        var random = new Random(4);
        float[] values = new float[1003];
        for (int i = 0; i < values.Length; i++) values[i] = BitConverter.Int32BitsToSingle(random.Next() ^ (random.Next() << 8));
        (values[3], values[17], values[999]) = (float.NaN, float.PositiveInfinity, float.NaN);
        ushort[] bits = new ushort[values.Length];
        BFloat16.FromSingle(values, bits);
        Assert.Equal(values.Select(BFloat16.FromSingle), bits);
    }
}
