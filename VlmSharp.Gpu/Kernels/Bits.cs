using ILGPU;

namespace VlmSharp.Gpu.Kernels;

/// <summary>Storage formats of 16 bits, in registers. A word of 32 bits holds two numbers, the earlier one in the lower half.</summary>
internal static class Bits
{
    /// <summary>The bf16 number in the lower half.</summary>
    public static float Low(uint word) => Interop.IntAsFloat(word << 16);

    /// <summary>The bf16 number in the upper half.</summary>
    public static float High(uint word) => Interop.IntAsFloat(word & 0xffff0000u);

    /// <summary>Eight bf16 numbers, widened.</summary>
    public static F8 Widen(U4 words) => new()
    {
        A = Low(words.X),
        B = High(words.X),
        C = Low(words.Y),
        D = High(words.Y),
        E = Low(words.Z),
        F = High(words.Z),
        G = Low(words.W),
        H = High(words.W),
    };

    /// <summary>Two numbers as bf16, rounded to the nearest, ties to even.</summary>
    public static uint Pack(float low, float high) => Round(low) | (Round(high) << 16);

    /// <summary>Eight numbers as bf16.</summary>
    public static U4 Pack(F8 x) => new() { X = Pack(x.A, x.B), Y = Pack(x.C, x.D), Z = Pack(x.E, x.F), W = Pack(x.G, x.H) };

    /// <summary>
    /// The bits of the nearest bf16 number; a NaN keeps its sign and becomes quiet, so that rounding cannot make it infinite.
    /// </summary>
    public static uint Round(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        bool isNaN = (bits & 0x7fffffffu) > 0x7f800000u;
        return isNaN ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    }

    /// <summary>
    /// The binary16 number in the lower 16 bits. Exponent and fraction are moved to their fp32 places; multiplying by 2^112 corrects the
    /// exponent's bias and makes subnormals right too.
    /// </summary>
    public static float Half(uint word)
    {
        uint magnitude = (word & 0x7fff) << 13, sign = (word & 0x8000) << 16;
        uint bits = Interop.FloatAsInt(Interop.IntAsFloat(magnitude) * 5.192296858534828e33f);
        if ((word & 0x7c00) == 0x7c00) bits = magnitude | 0x7f800000;
        return Interop.IntAsFloat(bits | sign);
    }
}
