using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V256 : ICodes<V256>
{
    // Each element gets all eight indices and shifts its own down. Two permutations use the lower three bits, each with half of the
    // table; the fourth bit, as the sign, chooses between them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LookUp(byte* source, float* table)
    {
        if (!Avx2.IsSupported) return new(Vector256.Create(V128.LookUp(source, table).Value, V128.LookUp(source + 2, table).Value));
        Vector256<int> places = Avx2.ShiftRightLogicalVariable(
            Vector256.Create(Unsafe.ReadUnaligned<int>(source)), Vector256.Create(4u, 0, 12, 8, 20, 16, 28, 24));
        Vector256<float> lower = Avx2.PermuteVar8x32(Vector256.Load(table), places);
        Vector256<float> upper = Avx2.PermuteVar8x32(Vector256.Load(table + 8), places);
        return new(Avx.BlendVariable(lower, upper, (places << 28).AsSingle()));
    }

    // Half a unit in the last kept bit, minus one if that bit is 0: ties go to the even number, and a carry goes into the exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 RoundToBF16(V256 x)
    {
        Vector256<uint> bits = x.value.AsUInt32(), rounded = bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One);
        Vector256<float> cut = (rounded & Vector256.Create(0xFFFF0000u)).AsSingle();
        return new(Vector256.ConditionalSelect(Vector256.Equals(x.value, x.value), cut, x.value));
    }

    // Below 2^-14, binary16 has steps of 2^-24, the same as fp32 from 0.5 to 1; from 65520 on it has infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 RoundToF16(V256 x)
    {
        Vector256<float> magnitude = Vector256.Abs(x.value), half = Vector256.Create(0.5f);
        Vector256<uint> bits = magnitude.AsUInt32(), sign = x.value.AsUInt32() & Vector256.Create(0x80000000u);
        Vector256<uint> up = bits + Vector256.Create(0xFFFu) + ((bits >> 13) & Vector256<uint>.One);
        Vector256<float> normal = (up & Vector256.Create(0xFFFFE000u)).AsSingle(), infinity = Vector256.Create(float.PositiveInfinity);
        normal = Vector256.ConditionalSelect(Vector256.LessThan(normal, Vector256.Create(65536f)), normal, infinity);
        Vector256<float> isSmall = Vector256.LessThan(magnitude, Vector256.Create(6.103515625e-5f));
        Vector256<float> rounded = Vector256.ConditionalSelect(isSmall, magnitude + half - half, normal);
        return new(Vector256.ConditionalSelect(Vector256.Equals(x.value, x.value), (rounded.AsUInt32() | sign).AsSingle(), x.value));
    }
}
