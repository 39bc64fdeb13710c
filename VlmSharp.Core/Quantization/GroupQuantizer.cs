using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>
/// Rounds the numbers w of a group to s q, with a scale s in bfloat16 and small integers q:
/// <code>
/// int8:  s = max |w| / 127                         q = round(w / s)
/// int4:  s = the best of the extreme w / d         q = round(w / s), clamped to -8..7
/// </code>
/// With 4 bits it is worth searching for the range. s takes the sign that puts the extreme element on the longer, negative side. The
/// divisors d around -8 trade the error of this element for that of the many small ones. The best divisor has the smallest sum of squared
/// errors.
/// </summary>
internal static unsafe class GroupQuantizer
{
    private const int Int8Group = 64, Int4Group = 32;

    private static readonly float[] Divisors = [-8, -7.5f, -7, -8.5f, -9];

    /// <summary>Quantizes a row.</summary>
    /// <param name="row">The numbers; whole groups.</param>
    /// <param name="format">Int8 or Int4.</param>
    /// <param name="elements">Receives the integers, packed as in <paramref name="format"/>.</param>
    /// <param name="scales">Receives a bfloat16 for each group.</param>
    /// <returns>Whether all numbers are finite. If one is not, nothing is written, because no scale can represent it.</returns>
    public static bool Quantize(ReadOnlySpan<float> row, DType format, byte* elements, ushort* scales)
    {
        int size = format.GroupSize();
        fixed (float* w = row)
        {
            if (!AreFinite(w, row.Length)) return false;
            for (int group = 0; group * size < row.Length; group++)
            {
                float* from = w + group * size;
                scales[group] = format == DType.Int8
                    ? ToInt8(from, (sbyte*)elements + group * size)
                    : ToInt4(from, elements + group * size / 2);
            }
        }

        return true;
    }

    // 0 * x is 0 for a finite x, and NaN for any other.
    private static bool AreFinite(float* w, int count)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        for (int i = 0; i < count; i += Vector256<float>.Count) sum += Vector256.Load(w + i) * Vector256<float>.Zero;
        return Vector256.EqualsAll(sum, Vector256<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ushort ToInt8(float* w, sbyte* q)
    {
        ushort bits = BFloat16.FromSingle(Extreme(w, Int8Group) / 127);
        if (!float.IsFinite(127 * BFloat16.ToSingle(bits))) bits--; // rounded up past the largest number
        float inverse = Inverse(bits);
        float* rounded = stackalloc float[Int8Group];
        for (int i = 0; i < Int8Group; i += Vector256<float>.Count) Round(Vector256.Load(w + i), inverse, -127, 127).Store(rounded + i);
        for (int i = 0; i < Int8Group; i++) q[i] = (sbyte)rounded[i];
        return bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ushort ToInt4(float* w, byte* q)
    {
        float extreme = Extreme(w, Int4Group), unit = Unit(extreme), least = float.PositiveInfinity;
        ushort best = 0;
        foreach (float divisor in Divisors)
        {
            ushort bits = BFloat16.FromSingle(extreme / divisor);
            float error = Error(w, BFloat16.ToSingle(bits), Inverse(bits), unit);
            if (error < least) (least, best) = (error, bits);
        }

        float* rounded = stackalloc float[Int4Group];
        float inverse = Inverse(best);
        for (int i = 0; i < Int4Group; i += Vector256<float>.Count) Round(Vector256.Load(w + i), inverse, -8, 7).Store(rounded + i);
        for (int word = 0; word < 8; word++)
        {
            int bits = 0;
            for (int nibble = 0; nibble < 4; nibble++) bits |= ((int)rounded[8 * nibble + word] + 8) << (4 * nibble);
            Unsafe.WriteUnaligned(q + 2 * word, (ushort)bits);
        }

        return best;
    }

    /// <summary>The element with the largest magnitude, with its sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Extreme(float* w, int count)
    {
        Vector256<float> most = Vector256.Load(w), least = most;
        for (int i = Vector256<float>.Count; i < count; i += Vector256<float>.Count)
        {
            most = Vector256.MaxNative(most, Vector256.Load(w + i));
            least = Vector256.MinNative(least, Vector256.Load(w + i));
        }

        float high = most[0], low = least[0];
        for (int i = 1; i < Vector256<float>.Count; i++) (high, low) = (Math.Max(high, most[i]), Math.Min(low, least[i]));
        return high >= -low ? high : low;
    }

    /// <summary>1 / s, or 0 if that is not finite: with such a scale all numbers are nearly 0.</summary>
    private static float Inverse(ushort scale) => 1 / BFloat16.ToSingle(scale) is var inverse && float.IsFinite(inverse) ? inverse : 0;

    /// <summary>
    /// The power of two that scales a number to 1..2, or near it at the ends of the range. Multiplying by it causes no rounding.
    /// </summary>
    private static float Unit(float x)
    {
        uint exponent = BitConverter.SingleToUInt32Bits(x) >> 23 & 0xFF;
        return BitConverter.UInt32BitsToSingle(254 - Math.Min(exponent, 253) << 23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Round(Vector256<float> w, float inverse, float least, float most) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(w * inverse), Vector256.Create(least)), Vector256.Create(most));

    /// <summary>Sum of the squares of w - s q in units of the extreme, because the square of the extreme itself may overflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Error(float* w, float scale, float inverse, float unit)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        for (int i = 0; i < Int4Group; i += Vector256<float>.Count)
        {
            Vector256<float> x = Vector256.Load(w + i), difference = (x - Round(x, inverse, -8, 7) * scale) * unit;
            sum += difference * difference;
        }

        return Vector256.Sum(sum);
    }
}
