using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V128 : ICodes<V128>
{
    // No instruction looks up floats here: four loads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LookUp(byte* source, float* table) =>
        new(Vector128.Create(table[source[0] >> 4], table[source[0] & 15], table[source[1] >> 4], table[source[1] & 15]));

    // Half a unit in the last kept bit, minus one if that bit is 0: ties go to the even number, and a carry goes into the exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 RoundToBF16(V128 x)
    {
        Vector128<uint> bits = x.value.AsUInt32(), rounded = bits + Vector128.Create(0x7FFFu) + ((bits >> 16) & Vector128<uint>.One);
        Vector128<float> cut = (rounded & Vector128.Create(0xFFFF0000u)).AsSingle();
        return new(Vector128.ConditionalSelect(Vector128.Equals(x.value, x.value), cut, x.value));
    }

    // Below 2^-14, binary16 has steps of 2^-24, the same as fp32 from 0.5 to 1; from 65520 on it has infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 RoundToF16(V128 x)
    {
        Vector128<float> magnitude = Vector128.Abs(x.value), half = Vector128.Create(0.5f);
        Vector128<uint> bits = magnitude.AsUInt32(), sign = x.value.AsUInt32() & Vector128.Create(0x80000000u);
        Vector128<uint> up = bits + Vector128.Create(0xFFFu) + ((bits >> 13) & Vector128<uint>.One);
        Vector128<float> normal = (up & Vector128.Create(0xFFFFE000u)).AsSingle(), infinity = Vector128.Create(float.PositiveInfinity);
        normal = Vector128.ConditionalSelect(Vector128.LessThan(normal, Vector128.Create(65536f)), normal, infinity);
        Vector128<float> isSmall = Vector128.LessThan(magnitude, Vector128.Create(6.103515625e-5f));
        Vector128<float> rounded = Vector128.ConditionalSelect(isSmall, magnitude + half - half, normal);
        return new(Vector128.ConditionalSelect(Vector128.Equals(x.value, x.value), (rounded.AsUInt32() | sign).AsSingle(), x.value));
    }
}
