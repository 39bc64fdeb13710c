using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V512 : ICodes<V512>
{
    // The two words of eight indices alternate in the register, and each element shifts its own index down. So the indices of the first
    // word are in the even elements: one permutation puts them in order, the next looks them up by their lower four bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LookUp(byte* source, float* table)
    {
        if (!Avx512F.IsSupported) return new(Vector512.Create(V256.LookUp(source, table).Value, V256.LookUp(source + 4, table).Value));
        Vector512<int> words = Vector512.Create(Unsafe.ReadUnaligned<long>(source)).AsInt32();
        Vector512<int> byTurns = Avx512F.ShiftRightLogicalVariable(
            words, Vector512.Create(4u, 4, 0, 0, 12, 12, 8, 8, 20, 20, 16, 16, 28, 28, 24, 24));
        Vector512<int> places = Avx512F.PermuteVar16x32(byTurns, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
        return new(Avx512F.PermuteVar16x32(Vector512.Load(table), places));
    }

    // Half a unit in the last kept bit, minus one if that bit is 0: ties go to the even number, and a carry goes into the exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 RoundToBF16(V512 x)
    {
        Vector512<uint> bits = x.value.AsUInt32(), rounded = bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One);
        Vector512<float> cut = (rounded & Vector512.Create(0xFFFF0000u)).AsSingle();
        return new(Vector512.ConditionalSelect(Vector512.Equals(x.value, x.value), cut, x.value));
    }

    // Below 2^-14, binary16 has steps of 2^-24, the same as fp32 from 0.5 to 1; from 65520 on it has infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 RoundToF16(V512 x)
    {
        Vector512<float> magnitude = Vector512.Abs(x.value), half = Vector512.Create(0.5f);
        Vector512<uint> bits = magnitude.AsUInt32(), sign = x.value.AsUInt32() & Vector512.Create(0x80000000u);
        Vector512<uint> up = bits + Vector512.Create(0xFFFu) + ((bits >> 13) & Vector512<uint>.One);
        Vector512<float> normal = (up & Vector512.Create(0xFFFFE000u)).AsSingle(), infinity = Vector512.Create(float.PositiveInfinity);
        normal = Vector512.ConditionalSelect(Vector512.LessThan(normal, Vector512.Create(65536f)), normal, infinity);
        Vector512<float> isSmall = Vector512.LessThan(magnitude, Vector512.Create(6.103515625e-5f));
        Vector512<float> rounded = Vector512.ConditionalSelect(isSmall, magnitude + half - half, normal);
        return new(Vector512.ConditionalSelect(Vector512.Equals(x.value, x.value), (rounded.AsUInt32() | sign).AsSingle(), x.value));
    }
}
