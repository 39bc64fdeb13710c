using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Tests.Simd;

public sealed unsafe class CodesTests
{
    /// <summary>Every code at every position, at every width, from any address.</summary>
    [Fact]
    public void Places_are_looked_up_in_order()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            float* table = stackalloc float[16], got = stackalloc float[V.Count];
            byte* source = stackalloc byte[V.Count / 2 + 1];
            for (int i = 0; i < 16; i++) table[i] = 100 + i;
            for (int first = 0; first < 16; first++)
            {
                int Place(int i) => (first + 7 * i) % 16;
                for (int i = 0; i < V.Count; i += 2) source[1 + i / 2] = (byte)((Place(i) << 4) | Place(i + 1));
                V.Store(got, V.LookUp(source + 1, table));
                for (int i = 0; i < V.Count; i++) Assert.Equal(100 + Place(i), got[i]);
            }
        }
    }

    /// <summary>Ties, subnormals, the largest numbers, infinities and NaN round as .NET rounds them.</summary>
    [Fact]
    public void Numbers_round_to_the_nearest()
    {
        Check<V128>();
        Check<V256>();
        Check<V512>();

        static void Check<V>() where V : struct, ISimd<V>
        {
            var random = new Random(5);
            float* x = stackalloc float[V.Count], got = stackalloc float[V.Count];
            for (int n = 0; n < 20000; n++)
            {
                for (int i = 0; i < V.Count; i++) x[i] = Number(random, n);
                V.Store(got, V.RoundToBF16(V.Load(x)));
                for (int i = 0; i < V.Count; i++) Same(BFloat16.ToSingle(BFloat16.FromSingle(x[i])), got[i], x[i]);
                V.Store(got, V.RoundToF16(V.Load(x)));
                for (int i = 0; i < V.Count; i++) Same((float)(Half)x[i], got[i], x[i]);
            }
        }

        // Any bits; numbers near binary16's range; and numbers halfway between two of 16 bits.
        static float Number(Random random, int n) => (n % 4) switch
        {
            0 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
            1 => (float)((2 * random.NextDouble() - 1) * Math.ScaleB(1, random.Next(-26, 18))),
            2 => BitConverter.UInt32BitsToSingle((uint)random.Next() << 12),
            _ => (float)(BitConverter.Int16BitsToHalf((short)random.Next(0x7C00))) * (1 + 1f / 2048),
        };

        static void Same(float expected, float actual, float x)
        {
            bool same = float.IsNaN(expected)
                ? float.IsNaN(actual)
                : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual);
            Assert.True(same, $"{x:R} rounds to {expected:R}, not {actual:R}.");
        }
    }
}
