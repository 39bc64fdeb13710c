using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>A function of registers, applied element by element.</summary>
internal interface IMap<V> where V : struct, IFloats<V>
{
    /// <summary>f(a, b, c).</summary>
    V Apply(V a, V b, V c);
}

/// <summary>
/// Loops over rows of any length. The last, incomplete register goes through a buffer on the stack, so that every element
/// gets the same arithmetic at any place.
/// </summary>
internal static unsafe class RowMath
{
    /// <summary>Floats in the widest register.</summary>
    public const int WidestCount = 16;

    /// <summary>y[j] = f(a[j], b[j], c[j]); an argument that f does not use may be any row. y may be one of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Map<V, TMap>(TMap map, float* a, float* b, float* c, float* y, int count)
        where V : struct, IFloats<V> where TMap : struct, IMap<V>
    {
        int j = 0;
        for (; j + V.Count <= count; j += V.Count) V.Store(y + j, map.Apply(V.Load(a + j), V.Load(b + j), V.Load(c + j)));
        int rest = count - j;
        if (rest > 0) StorePart(y + j, map.Apply(LoadPart<V>(a + j, rest), LoadPart<V>(b + j, rest), LoadPart<V>(c + j, rest)), rest);
    }

    /// <summary>Loads the first elements of a register from memory; the others are 0.</summary>
    public static V LoadPart<V>(float* source, int count) where V : struct, IFloats<V>
    {
        float* buffer = stackalloc float[WidestCount];
        for (int j = 0; j < V.Count; j++) buffer[j] = j < count ? source[j] : 0;
        return V.Load(buffer);
    }

    /// <summary>Stores the first elements of a register to memory.</summary>
    public static void StorePart<V>(float* target, V value, int count) where V : struct, IFloats<V>
    {
        float* buffer = stackalloc float[WidestCount];
        V.Store(buffer, value);
        for (int j = 0; j < count; j++) target[j] = buffer[j];
    }

    /// <summary>sum_j x[j], with partial sums in two registers, which keeps the rounding error small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum<V>(float* x, int count) where V : struct, IFloats<V>
    {
        V s0 = V.Zero, s1 = V.Zero;
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
        {
            s0 += V.Load(x + j);
            s1 += V.Load(x + j + V.Count);
        }
        for (; j < count; j += V.Count) s0 += j + V.Count <= count ? V.Load(x + j) : LoadPart<V>(x + j, count - j);
        return V.Sum(s0 + s1);
    }

    /// <summary>sum_j (x[j] - shift)^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOfSquares<V>(float* x, float shift, int count) where V : struct, IFloats<V>
    {
        V s0 = V.Zero, s1 = V.Zero, center = V.Broadcast(shift);
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
        {
            V a = V.Load(x + j) - center, b = V.Load(x + j + V.Count) - center;
            V.Accumulate(ref s0, a, a);
            V.Accumulate(ref s1, b, b);
        }
        for (; j + V.Count <= count; j += V.Count)
        {
            V a = V.Load(x + j) - center;
            V.Accumulate(ref s0, a, a);
        }
        float sum = V.Sum(s0 + s1);
        for (; j < count; j++) sum += (x[j] - shift) * (x[j] - shift);
        return sum;
    }

    /// <summary>The largest of x, ignoring NaN; minus infinity if there is no other value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max<V>(float* x, int count) where V : struct, IFloats<V>
    {
        V best = V.Broadcast(float.NegativeInfinity), m0 = best, m1 = best, m2 = best, m3 = best;
        int j = 0;
        for (; j + 4 * V.Count <= count; j += 4 * V.Count)
        {
            m0 = V.TakeGreater(V.Load(x + j), m0);
            m1 = V.TakeGreater(V.Load(x + j + V.Count), m1);
            m2 = V.TakeGreater(V.Load(x + j + 2 * V.Count), m2);
            m3 = V.TakeGreater(V.Load(x + j + 3 * V.Count), m3);
        }
        for (; j + V.Count <= count; j += V.Count) m0 = V.TakeGreater(V.Load(x + j), m0);
        float largest = V.Largest(V.TakeGreater(V.TakeGreater(m0, m1), V.TakeGreater(m2, m3)));
        for (; j < count; j++) largest = x[j] > largest ? x[j] : largest;
        return largest;
    }

    /// <summary>y[j] = f(x[j]), and the sum of all y. y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MapAndSum<V, TMap>(TMap map, float* x, float* y, int count)
        where V : struct, IFloats<V> where TMap : struct, IMap<V>
    {
        V s0 = V.Zero, s1 = V.Zero;
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
        {
            V x0 = V.Load(x + j), x1 = V.Load(x + j + V.Count);
            V y0 = map.Apply(x0, x0, x0), y1 = map.Apply(x1, x1, x1);
            V.Store(y + j, y0);
            V.Store(y + j + V.Count, y1);
            s0 += y0;
            s1 += y1;
        }
        if (j + V.Count <= count)
        {
            V x0 = V.Load(x + j), y0 = map.Apply(x0, x0, x0);
            V.Store(y + j, y0);
            s0 += y0;
            j += V.Count;
        }
        float sum = V.Sum(s0 + s1);
        if (j == count) return sum;
        V last = LoadPart<V>(x + j, count - j);
        StorePart(y + j, map.Apply(last, last, last), count - j);
        for (; j < count; j++) sum += y[j];
        return sum;
    }

    /// <summary>The sum of map(x, x, x), which is not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOf<V, TMap>(TMap map, float* x, int count)
        where V : struct, ISimd<V> where TMap : struct, IMap<V>
    {
        V s0 = V.Zero, s1 = V.Zero;
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
        {
            V x0 = V.Load(x + j), x1 = V.Load(x + j + V.Count);
            s0 += map.Apply(x0, x0, x0);
            s1 += map.Apply(x1, x1, x1);
        }
        if (j + V.Count <= count)
        {
            V x0 = V.Load(x + j);
            s0 += map.Apply(x0, x0, x0);
            j += V.Count;
        }
        float sum = V.Sum(s0 + s1);
        if (j == count) return sum;
        V last = LoadPart<V>(x + j, count - j);
        float* rest = stackalloc float[WidestCount];
        V.Store(rest, map.Apply(last, last, last));
        for (int i = 0; i < count - j; i++) sum += rest[i];
        return sum;
    }

    /// <summary>The sum of map(a, b, c), which is not stored; an argument that map does not use may be any row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOf<V, TMap>(TMap map, float* a, float* b, float* c, int count)
        where V : struct, ISimd<V> where TMap : struct, IMap<V>
    {
        V s0 = V.Zero, s1 = V.Zero;
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
        {
            s0 += map.Apply(V.Load(a + j), V.Load(b + j), V.Load(c + j));
            s1 += map.Apply(V.Load(a + j + V.Count), V.Load(b + j + V.Count), V.Load(c + j + V.Count));
        }
        if (j + V.Count <= count)
        {
            s0 += map.Apply(V.Load(a + j), V.Load(b + j), V.Load(c + j));
            j += V.Count;
        }
        float sum = V.Sum(s0 + s1);
        int rest = count - j;
        if (rest == 0) return sum;
        float* last = stackalloc float[WidestCount];
        V.Store(last, map.Apply(LoadPart<V>(a + j, rest), LoadPart<V>(b + j, rest), LoadPart<V>(c + j, rest)));
        for (int i = 0; i < rest; i++) sum += last[i];
        return sum;
    }
}
