using System.Runtime.CompilerServices;

namespace VlmSharp.Compute;

/// <summary>
/// The bfloat16 format: a binary32 cut to its upper 16 bits.
/// <code>
/// binary32  s eeeeeeee mmmmmmmmmmmmmmmmmmmmmmm
/// bfloat16  s eeeeeeee mmmmmmm
/// </code>
/// So widening is a shift, exact, and narrowing rounds to the nearest, ties to even.
/// </summary>
public static class BFloat16
{
    /// <summary>The binary32 with the same value.</summary>
    /// <param name="bits">A bfloat16.</param>
    /// <returns>Its value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The bfloat16 nearest to a value, ties to even; NaN stays NaN.</summary>
    /// <param name="value">Any number.</param>
    /// <returns>Its bits.</returns>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
