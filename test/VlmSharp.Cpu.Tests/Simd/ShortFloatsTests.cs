using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Tests.Simd;

public sealed unsafe class ShortFloatsTests
{
    private const int Numbers = 1 << 16;

    /// <summary>All numbers of 16 bits, at every width; NaN stays NaN.</summary>
    [Fact]
    public void Every_number_is_widened_exactly()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            ushort[] bits = [.. Enumerable.Range(0, Numbers).Select(i => (ushort)i)];
            float* got = stackalloc float[V.Count];
            fixed (ushort* source = bits)
                for (int first = 0; first < Numbers; first += V.Count)
                {
                    V.Store(got, V.LoadF16((byte*)(source + first)));
                    for (int i = 0; i < V.Count; i++) Assert.Equal((float)BitConverter.UInt16BitsToHalf(bits[first + i]), got[i]);
                    V.Store(got, V.LoadBF16((byte*)(source + first)));
                    for (int i = 0; i < V.Count; i++) Assert.Equal(BFloat16.ToSingle(bits[first + i]), got[i]);
                }
        }
    }

    [Fact]
    public void Pairs_are_taken_apart()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            ushort* source = stackalloc ushort[2 * V.Count];
            for (int i = 0; i < 2 * V.Count; i++) source[i] = BFloat16.FromSingle(i + 1);
            float* even = stackalloc float[V.Count], odd = stackalloc float[V.Count];
            V.Store(even, V.LoadEvenBF16((byte*)source));
            V.Store(odd, V.LoadOddBF16((byte*)source));
            for (int i = 0; i < V.Count; i++) Assert.Equal((2 * i + 1, 2 * i + 2), ((int)even[i], (int)odd[i]));
        }
    }
}
