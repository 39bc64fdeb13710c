using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Compute;

/// <summary>
/// The bfloat16 format: the upper 16 bits of a binary32.
/// <code>
/// binary32  s eeeeeeee mmmmmmmmmmmmmmmmmmmmmmm
/// bfloat16  s eeeeeeee mmmmmmm
/// </code>
/// So widening is an exact shift. Narrowing rounds to the nearest, ties to even.
/// </summary>
public static class BFloat16
{
    /// <summary>The binary32 with the same value.</summary>
    /// <param name="bits">The upper half of a binary32.</param>
    /// <returns>Its value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The binary32 numbers with the same values.</summary>
    /// <param name="bits">bfloat16 numbers.</param>
    /// <param name="target">Receives the result; at least as long.</param>
    public static void ToSingle(ReadOnlySpan<ushort> bits, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, bits.Length, nameof(target));
        int i = 0;
        for (; i <= bits.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(bits.Slice(i, Vector256<ushort>.Count)));
            (low << 16).AsSingle().CopyTo(target[i..]);
            (high << 16).AsSingle().CopyTo(target[(i + Vector256<uint>.Count)..]);
        }

        for (; i < bits.Length; i++) target[i] = ToSingle(bits[i]);
    }

    /// <summary>The bfloat16 nearest to a value, ties to even; NaN stays NaN.</summary>
    /// <param name="value">Any number.</param>
    /// <returns>Its bits.</returns>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The nearest bfloat16 numbers, ties to even; NaN stays NaN.</summary>
    /// <param name="values">Any numbers.</param>
    /// <param name="target">Receives the result; at least as long.</param>
    public static void FromSingle(ReadOnlySpan<float> values, Span<ushort> target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, values.Length, nameof(target));
        int i = 0;
        for (; i <= values.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<float> low = Vector256.Create(values.Slice(i, Vector256<float>.Count));
            Vector256<float> high = Vector256.Create(values.Slice(i + Vector256<float>.Count, Vector256<float>.Count));
            Vector256.Narrow(Round(low), Round(high)).CopyTo(target[i..]);
        }

        for (; i < values.Length; i++) target[i] = FromSingle(values[i]);

        static Vector256<uint> Round(Vector256<float> x)
        {
            Vector256<uint> bits = x.AsUInt32(), cut = bits >> 16;
            Vector256<uint> nearest = (bits + Vector256.Create(0x7FFFu) + (cut & Vector256<uint>.One)) >> 16;
            return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), nearest, cut | Vector256.Create(0x40u));
        }
    }
}
