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
