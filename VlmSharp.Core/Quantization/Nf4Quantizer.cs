using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>
/// Rounds blocks of 64 numbers w to indices q in the NF4 code c, as bitsandbytes does:
/// <code>
/// a = max |w|        q = index of the c nearest to w / a, the lower one in a tie        w ~ c[q] a
/// </code>
/// To give the same bytes, it rounds as that library does: w / a is computed as w times fp32 1 / a, but as a division in a short last
/// block.
/// </summary>
internal static unsafe class Nf4Quantizer
{
    private const float LeastScale = 1e-38f; // the divisor of a block of zeros

    private static readonly float[] Borders = [.. Enumerable.Range(0, 15).Select(i => (Nf4.Code[i] + Nf4.Code[i + 1]) / 2)];

    /// <summary>Quantizes a run of blocks.</summary>
    /// <param name="numbers">The numbers, an even count; only the last block of a matrix may be short.</param>
    /// <param name="elements">Receives the indices, two to a byte, the first in the upper nibble.</param>
    /// <param name="scales">Receives a for each block.</param>
    /// <returns>Whether all numbers are finite. If one is not, no scale can represent it.</returns>
    public static bool Quantize(ReadOnlySpan<float> numbers, byte* elements, float* scales)
    {
        Span<float> ratios = stackalloc float[Nf4.BlockSize];
        int* places = stackalloc int[Nf4.BlockSize];
        for (; !numbers.IsEmpty; elements += Nf4.BlockSize / 2)
        {
            ReadOnlySpan<float> block = numbers[..Math.Min(Nf4.BlockSize, numbers.Length)];
            float scale = Math.Abs(TensorPrimitives.MaxMagnitude(block)); // NaN if one of them is
            if (!float.IsFinite(scale)) return false;
            float divisor = Math.Max(scale, LeastScale);
            if (block.Length == Nf4.BlockSize)
            {
                TensorPrimitives.Multiply(block, 1 / divisor, ratios);
                *scales++ = scale;
            }
            else
            {
                TensorPrimitives.Divide(block, divisor, ratios);
                *scales++ = divisor;
            }

            FindPlaces(ratios, places);
            for (int i = 0; i < block.Length; i += 2) elements[i / 2] = (byte)((places[i] << 4) | places[i + 1]);
            numbers = numbers[block.Length..];
        }

        return true;
    }

    /// <summary>Counts the borders below each number.</summary>
    private static void FindPlaces(ReadOnlySpan<float> numbers, int* places)
    {
        for (int i = 0; i < Nf4.BlockSize; i += Vector256<float>.Count)
        {
            Vector256<float> x = Vector256.Create(numbers[i..]);
            Vector256<int> place = Vector256<int>.Zero;
            foreach (float border in Borders) place -= Vector256.GreaterThan(x, Vector256.Create(border)).AsInt32(); // true is -1
            place.Store(places + i);
        }
    }
}
