using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Tests.Simd;

public sealed unsafe class IntegersTests
{
    /// <summary>64 products of the largest integers, whose sum is exact.</summary>
    [Theory]
    [InlineData(-127, short.MaxValue)]
    [InlineData(127, short.MaxValue)]
    [InlineData(3, -5)]
    public void Products_of_bytes_are_summed(int w, int x)
    {
        Assert.Equal(64 * w * x, Sum<V128>(w, x));
        Assert.Equal(64 * w * x, Sum<V256>(w, x));
        Assert.Equal(64 * w * x, Sum<V512>(w, x));

        static double Sum<V>(int w, int x) where V : struct, ISimd<V>
        {
            sbyte* bytes = stackalloc sbyte[64];
            short* factors = stackalloc short[64];
            new Span<sbyte>(bytes, 64).Fill((sbyte)w);
            new Span<short>(factors, 64).Fill((short)x);
            float* parts = stackalloc float[V.Count];
            V.Store(parts, V.Int8Products(bytes, factors));
            double sum = 0;
            for (int i = 0; i < V.Count; i++) sum += parts[i];
            return sum;
        }
    }

    /// <summary>32 products of the largest bytes, the weights raised by 128, whose sum is exact.</summary>
    [Theory]
    [InlineData(-127, -127)]
    [InlineData(127, 127)]
    [InlineData(127, -127)]
    [InlineData(3, -5)]
    public void Products_of_raised_bytes_are_summed(int w, int x)
    {
        Assert.Equal(32 * (w + 128) * x, Sum<V128>(w, x));
        Assert.Equal(32 * (w + 128) * x, Sum<V256>(w, x));
        Assert.Equal(32 * (w + 128) * x, Sum<V512>(w, x));

        static double Sum<V>(int w, int x) where V : struct, ISimd<V>
        {
            sbyte* bytes = stackalloc sbyte[64], factors = stackalloc sbyte[64]; // only the first 32 count
            new Span<sbyte>(bytes, 32).Fill((sbyte)w);
            new Span<sbyte>(factors, 32).Fill((sbyte)x);
            new Span<sbyte>(factors + 32, 32).Fill(1);
            float* parts = stackalloc float[V.Count];
            V.Store(parts, V.ByteProducts(bytes, factors));
            double sum = 0;
            for (int i = 0; i < V.Count; i++) sum += parts[i];
            return sum;
        }
    }

    /// <summary>Each 32-bit sum gets the four products of its own bytes, of the whole range of both factors.</summary>
    [Fact]
    public void Bytes_are_multiplied_in_fours()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            int* sums = stackalloc int[V.Count], expected = stackalloc int[V.Count];
            byte* a = stackalloc byte[4 * V.Count];
            sbyte* b = stackalloc sbyte[4 * V.Count];
            var random = new Random(7);
            for (int round = 0; round < 100; round++)
            {
                for (int i = 0; i < V.Count; i++) sums[i] = expected[i] = random.Next(-1_000_000, 1_000_000);
                for (int i = 0; i < 4 * V.Count; i++)
                {
                    a[i] = (byte)(round == 0 ? 255 : random.Next(256));
                    b[i] = (sbyte)(round == 0 ? -128 : random.Next(-128, 128));
                    expected[i / 4] += a[i] * b[i];
                }

                V sum = V.Load((float*)sums);
                V.AccumulateBytes(ref sum, V.Load((float*)a), V.Load((float*)b));
                V.Store((float*)sums, sum);
                Assert.Equal(new ReadOnlySpan<int>(expected, V.Count).ToArray(), new ReadOnlySpan<int>(sums, V.Count).ToArray());
            }
        }
    }

    /// <summary>The largest sums of 32 bytes, and a mixed one.</summary>
    [Fact]
    public void Bytes_are_summed()
    {
        sbyte* bytes = stackalloc sbyte[32];
        foreach (sbyte value in new sbyte[] { -128, 127 })
        {
            new Span<sbyte>(bytes, 32).Fill(value);
            Assert.Equal(32 * value, IntegerInstructions.Sum32(bytes));
        }

        for (int i = 0; i < 32; i++) bytes[i] = (sbyte)(i * i % 100 - 60);
        Assert.Equal(Enumerable.Range(0, 32).Sum(i => i * i % 100 - 60), IntegerInstructions.Sum32(bytes));
    }

    /// <summary>Each nibble is multiplied by its own factor, and the scale of a group is in the lane of its sum.</summary>
    [Fact]
    public void Nibbles_are_multiplied_group_by_group()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            const int GroupBytes = 16;
            int bytes = GroupBytes * V.Count, register = 4 * V.Count;
            byte* w = stackalloc byte[bytes];
            sbyte* x = stackalloc sbyte[2 * bytes];
            ushort* numbers = stackalloc ushort[V.Count];
            int[] expected = new int[V.Count];
            var random = new Random(7);
            for (int i = 0; i < bytes; i++)
            {
                w[i] = (byte)random.Next(256);
                sbyte* lower = x + i / register * 2 * register + i % register, upper = lower + register;
                (*lower, *upper) = ((sbyte)random.Next(-127, 128), (sbyte)random.Next(-127, 128));
                expected[i / GroupBytes] += (w[i] & 15) * *lower + (w[i] >> 4) * *upper;
            }

            for (int g = 0; g < V.Count; g++) numbers[g] = BFloat16.FromSingle(g);
            float* sums = stackalloc float[V.Count], groups = stackalloc float[V.Count];
            V.Store(sums, V.ConvertLaneSums(
                V.NibbleProducts(w, x, 0),
                V.NibbleProducts(w, x, register),
                V.NibbleProducts(w, x, 2 * register),
                V.NibbleProducts(w, x, 3 * register)));
            V.Store(groups, V.LoadLanesBF16(numbers));
            for (int i = 0; i < V.Count; i++) Assert.Equal(expected[(int)groups[i]], sums[i]);
            Assert.Equal(V.Count, new ReadOnlySpan<float>(groups, V.Count).ToArray().Distinct().Count());
        }
    }
}
