namespace VlmSharp.Compute;

/// <summary>
/// The numbers of <see cref="DType.Nf4"/>. A weight w of a block with the largest magnitude a is stored as the index q of w / a in a code
/// c. The 16 numbers of c are quantiles of the normal distribution, which trained weights nearly follow:
/// <code>
/// w ~ c[q] a
/// </code>
/// (Dettmers et al. 2023, QLoRA, appendix E.) The scales take 32 bits for 64 weights. In a file they are quantized too, in blocks of their
/// own, and are restored before a backend uses them.
/// </summary>
public static class Nf4
{
    /// <summary>Elements that share a scale.</summary>
    public const int BlockSize = 64;

    /// <summary>c [16], in ascending order.</summary>
    public static ReadOnlySpan<float> Code =>
    [
        -1, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
        -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1,
    ];

    /// <summary>The number of blocks for so many elements; the last block may be short.</summary>
    internal static long Blocks(long elements) => (elements + BlockSize - 1) / BlockSize;

    /// <summary>c[q] a in fp32, rounded to the format that the weights had. Equal to bitsandbytes to the last bit.</summary>
    /// <param name="q">0 to 15.</param>
    /// <param name="scale">a, the largest magnitude of the block.</param>
    /// <param name="valueType">F32, BF16 or F16.</param>
    internal static float Dequantize(int q, float scale, DType valueType)
    {
        float value = Code[q] * scale;
        return valueType switch
        {
            DType.BF16 => BFloat16.ToSingle(BFloat16.FromSingle(value)),
            DType.F16 => (float)(Half)value,
            _ => value,
        };
    }

    /// <summary>
    /// Reverses double quantization: a[i] = map[codes[i]] * nestedScales[i / nestedBlock] + offset, each operation rounded to fp32.
    /// </summary>
    /// <param name="codes">[blocks].</param>
    /// <param name="map">[256].</param>
    /// <param name="nestedScales">[ceil(blocks / nestedBlock)].</param>
    /// <param name="nestedBlock">Scales that share a nested scale.</param>
    /// <param name="offset">The mean of a.</param>
    /// <param name="scales">Receives a [blocks].</param>
    internal static void RestoreScales(
        ReadOnlySpan<byte> codes,
        ReadOnlySpan<float> map,
        ReadOnlySpan<float> nestedScales,
        int nestedBlock,
        float offset,
        Span<float> scales)
    {
        for (int i = 0; i < codes.Length; i++)
        {
            float difference = map[codes[i]] * nestedScales[i / nestedBlock];
            scales[i] = difference + offset;
        }
    }
}
