using ILGPU;

namespace VlmSharp.Gpu.Kernels.Elements;

/// <summary>
/// A <see cref="Compute.DynamicMap"/> on the device: 256 increasing numbers, selected by codes of 8 bits. A word holds four codes.
/// </summary>
internal struct CodeMap
{
    /// <summary>The number of codes.</summary>
    public const int Length = 256;

    /// <summary>[256].</summary>
    public ArrayView<float> Values;

    /// <summary>The numbers of four codes, multiplied by a scale.</summary>
    public readonly F4 Numbers(uint codes, float scale) => new()
    {
        X = Values[(int)(codes & 255)] * scale,
        Y = Values[(int)((codes >> 8) & 255)] * scale,
        Z = Values[(int)((codes >> 16) & 255)] * scale,
        W = Values[(int)(codes >> 24)] * scale,
    };

    /// <summary>
    /// The codes of four numbers; 0 for numbers from <paramref name="count"/> on, and for all where the scale is 0.
    /// </summary>
    public readonly uint Codes(F4 x, float scale, int count)
    {
        uint codes = 0;
        if (scale <= 0) return codes;
        if (count > 0) codes |= Code(x.X, scale);
        if (count > 1) codes |= Code(x.Y, scale) << 8;
        if (count > 2) codes |= Code(x.Z, scale) << 16;
        if (count > 3) codes |= Code(x.W, scale) << 24;
        return codes;
    }

    /// <summary>The code of the number nearest to x / scale; an x that is not 0 keeps its sign.</summary>
    private readonly uint Code(float x, float scale)
    {
        float wanted = x / scale;
        int code = 0;
        for (int step = Length / 2; step > 0; step >>= 1)
            if (wanted > (Values[code + step - 1] + Values[code + step]) / 2) code += step; // above the middle of two
        float value = Values[code];
        if (x > 0 && value <= 0) code++;
        if (x < 0 && value >= 0) code--;
        return (uint)code;
    }
}
