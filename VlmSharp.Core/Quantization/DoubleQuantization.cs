using System.Numerics.Tensors;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>
/// The scales of a matrix in 8 bits each, as bitsandbytes stores them (Dettmers et al. 2023, QLoRA, section 3):
/// <code>
/// a[i] ~ map[codes[i]] b[i / 256] + m        m = mean a,  b = max |a - m| of 256 scales
/// </code>
/// This takes 8 + 32 / 256 bits for 64 weights instead of 32. The bytes equal those of that library on a CPU. It looks up the nearest
/// number of the map by (a - m) / b in steps of 2 / 65535, which sometimes gives a neighbor of the nearest.
/// </summary>
/// <param name="Codes">[blocks].</param>
/// <param name="NestedScales">b [ceil(blocks / 256)].</param>
/// <param name="Offset">m, rounded once. A sum of many fp32 numbers would differ in its last bit between machines.</param>
internal sealed record DoubleQuantization(byte[] Codes, float[] NestedScales, float Offset)
{
    /// <summary>Number of scales that share a nested scale.</summary>
    public const int BlockSize = 256;

    private const int Steps = 65535;

    /// <summary>The values of the 256 codes, in ascending order.</summary>
    public static float[] Map { get; } = [.. DynamicMap.Signed.Values];

    private static readonly byte[] Nearest = [.. PlacesOfSteps()]; // uses the map, so it is initialized after it

    /// <summary>Quantizes scales.</summary>
    /// <param name="scales">a, finite and not below 0.</param>
    public static DoubleQuantization Of(ReadOnlySpan<float> scales)
    {
        double sum = 0;
        foreach (float a in scales) sum += a;
        float offset = (float)(sum / scales.Length);
        byte[] codes = new byte[scales.Length];
        float[] nested = new float[(scales.Length + BlockSize - 1) / BlockSize], differences = new float[BlockSize];
        for (int block = 0; block < nested.Length; block++)
        {
            ReadOnlySpan<float> from = scales[(block * BlockSize)..Math.Min((block + 1) * BlockSize, scales.Length)];
            Span<float> difference = differences.AsSpan(0, from.Length);
            TensorPrimitives.Subtract(from, offset, difference);
            nested[block] = Math.Abs(TensorPrimitives.MaxMagnitude(difference));
            if (nested[block] == 0) continue; // byte 0, times 0
            float inverse = 1 / nested[block];
            for (int i = 0; i < difference.Length; i++) codes[block * BlockSize + i] = Nearest[Step(difference[i] * inverse)];
        }

        return new(codes, nested, offset);
    }

    /// <summary>Computes the scales from these bytes.</summary>
    /// <param name="scales">Receives a [blocks].</param>
    public void Restore(Span<float> scales) => Nf4.RestoreScales(Codes, Map, NestedScales, BlockSize, Offset, scales);

    private static int Step(float x) => (int)((Math.Clamp(x, -1, 1) + 1) * 0.5f * Steps + 0.5f);

    // For each step, the index of the nearest number in the map: the number of borders, halfway between neighbors, below the step.
    private static IEnumerable<byte> PlacesOfSteps()
    {
        int place = 0;
        for (int i = 0; i <= Steps; i++)
        {
            float x = -1 + 2f * i / Steps;
            while (place < Map.Length - 1 && 0.5f * (Map[place] + Map[place + 1]) < x) place++;
            yield return (byte)place;
        }
    }
}
