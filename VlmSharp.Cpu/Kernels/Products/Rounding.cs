using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// Rounds activations to integers, a group of the weight format at a time: a = max |x| / most and round(x / a).
/// With 8-bit weights they have 16 bits, an error of 2^-16 of the group's largest element, far below the weights' error, or 8
/// (<see cref="CpuBackendOptions.ActivationBits"/>). With 4-bit weights they have 8 bits, an error of 2^-8 where the weights' error is
/// 2^-4.
/// </summary>
internal static unsafe class Rounding
{
    /// <summary>Rounds a group.</summary>
    /// <param name="x">A group of activations.</param>
    /// <param name="target">As many integers, in the order of the row.</param>
    /// <param name="sum">Their sum if the weights have an offset, else 0.</param>
    /// <returns>The scale a.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round<Q>(float* x, short* target, out int sum) where Q : struct, IGroupFormat
    {
        float scale = Round(x, Q.Group, Q.MostActivation, target);
        sum = Q.Offset == 0 ? 0 : Sum(target, Q.Group);
        return scale;
    }

    /// <summary>Rounds some activations with a scale of their own.</summary>
    /// <param name="x">The activations that share the scale; NaN and infinity make it NaN.</param>
    /// <param name="count">Number of activations, a multiple of eight.</param>
    /// <param name="mostActivation">The integer that stands for the largest.</param>
    /// <param name="target">As many integers, in their order.</param>
    /// <returns>The scale a.</returns>
    // The bits of positive floats have the order of their values, with infinity and then NaN above them all: these make the scale and so
    // the sum NaN. Where all activations are so small that the inverse overflows, they count as zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float* x, int count, float mostActivation, short* target)
    {
        Vector128<int> bits = Vector128<int>.Zero;
        for (int i = 0; i < count; i += 4) bits = Vector128.Max(bits, Vector128.Load((int*)x + i) & Vector128.Create(int.MaxValue));
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(2, 3, 0, 1)));
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(1, 0, 3, 2)));
        Vector128<float> largest = bits.AsSingle(); // in all four elements
        Vector128<float> inverse = Vector128.Create(mostActivation) / largest;
        inverse = Vector128.ConditionalSelect(
            Vector128.GreaterThan(largest, Vector128.Create(mostActivation / float.MaxValue)), inverse, Vector128<float>.Zero);
        for (int i = 0; i < count; i += 8)
        {
            Vector128<int> low = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i) * inverse));
            Vector128<int> high = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i + 4) * inverse));
            Vector128.NarrowWithSaturation(low, high).Store(target + i);
        }

        return float.IsFinite(largest.ToScalar()) ? largest.ToScalar() / mostActivation : float.NaN;
    }

    // Integers of 8 bits: their sum is in range.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Sum(short* x, int count)
    {
        Vector128<short> sum = Vector128<short>.Zero;
        for (int i = 0; i < count; i += 8) sum += Vector128.Load(x + i);
        return Vector128.Sum(IntegerInstructions.PairSums(sum, Vector128<short>.One));
    }
}
