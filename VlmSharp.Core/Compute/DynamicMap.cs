using System.Runtime.CompilerServices;

namespace VlmSharp.Compute;

/// <summary>
/// The 256 numbers of an 8-bit code, from -1 to 1 or from 0 to 1. They are dense near 0, like a floating-point format whose exponent takes
/// fewer bits for larger numbers (Dettmers 2015, "8-Bit Approximations for Parallelism in Deep Learning", section 2; bitsandbytes'
/// <c>create_dynamic_map</c>). Decade e = 0 to 6, scaled by 10^(e - 6), has the midpoints of 2^e equal parts of [0.1, 1] for each sign, or
/// twice as many without a sign; 0 and 1 are numbers too. Rounding follows PyTorch's linspace.
/// </summary>
public sealed class DynamicMap
{
    // Numbers with the same sign, exponent and first 7 bits of the mantissa form a bucket. At most two borders between codes fall into a
    // bucket.
    private const int Decades = 7, BucketShift = 16;

    private readonly float[] values, middles; // the upper border of each code; infinity for the last one
    private readonly byte[] first = new byte[1 << (32 - BucketShift)]; // the lowest code of a number in the bucket

    private DynamicMap(bool signed)
    {
        values = Create(signed);
        middles = [.. Enumerable.Range(0, values.Length - 1).Select(i => (values[i] + values[i + 1]) / 2), float.PositiveInfinity];
        for (uint bucket = 0; bucket < first.Length; bucket++)
        {
            // The smallest number of the bucket. Below 0 it is the one with the largest mantissa.
            uint bits = bucket << BucketShift;
            float least = BitConverter.UInt32BitsToSingle((bits >> 31) == 0 ? bits : bits | ((1u << BucketShift) - 1));
            first[bucket] = float.IsNaN(least) ? (byte)0 : Search(least);
        }
    }

    /// <summary>From -1 (exclusive) to 1: for first moments, and for bitsandbytes' nested scales.</summary>
    public static DynamicMap Signed { get; } = new(signed: true);

    /// <summary>From 0 to 1: for second moments.</summary>
    public static DynamicMap Unsigned { get; } = new(signed: false);

    /// <summary>The 256 numbers in ascending order.</summary>
    public ReadOnlySpan<float> Values => values;

    /// <summary>The number of a code.</summary>
    /// <param name="code">0 to 255; larger codes stand for larger numbers.</param>
    public float this[byte code] => values[code];

    /// <summary>The code of the nearest number; halfway between two, the lower one.</summary>
    /// <param name="x">Any number; NaN has the code 0.</param>
    /// <returns>0 to 255.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Nearest(float x)
    {
        // Without branches, because the choice among three codes is unpredictable.
        int code = first[BitConverter.SingleToUInt32Bits(x) >> BucketShift];
        code += Unsafe.BitCast<bool, byte>(x > middles[code]);
        code += Unsafe.BitCast<bool, byte>(x > middles[code]);
        return (byte)code;
    }

    private byte Search(float x)
    {
        int code = 0;
        while (x > middles[code]) code++;
        return (byte)code;
    }

    private static float[] Create(bool signed)
    {
        var list = new List<float> { 0, 1 };
        for (int decade = 0; decade < Decades; decade++)
        {
            int parts = 1 << (signed ? decade : decade + 1);
            float power = (float)Math.Pow(10, decade - (Decades - 1)), step = (1 - 0.1f) / parts;
            for (int i = 0; i < parts; i++)
            {
                float value = power * ((Border(i, parts, step) + Border(i + 1, parts, step)) / 2);
                list.Add(value);
                if (signed) list.Add(-value);
            }
        }

        list.Sort();
        return [.. list];
    }

    // The i-th of the parts + 1 borders as PyTorch's linspace computes it: from the nearer end, rounded once.
    private static float Border(int i, int parts, float step) =>
        i < (parts + 1) / 2 ? MathF.FusedMultiplyAdd(step, i, 0.1f) : MathF.FusedMultiplyAdd(-step, parts - i, 1);
}
