using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu;

/// <summary>Which vector registers the kernels use.</summary>
public enum SimdTier
{
    /// <summary>The widest that the processor has.</summary>
    Auto,

    /// <summary>4 floats: SSE on x86, NEON on ARM64. Always there.</summary>
    Vector128,

    /// <summary>8 floats: AVX2 with FMA.</summary>
    Vector256,

    /// <summary>16 floats: AVX-512.</summary>
    Vector512,
}

/// <summary>The processor's support for each <see cref="SimdTier"/>.</summary>
internal static class SimdTiers
{
    /// <summary>
    /// The tier to use for a request. The instruction set decides, not <c>Vector512.IsHardwareAccelerated</c>: that is
    /// false on processors whose clock rate drops under 512-bit load, but the wider kernels are faster there too.
    /// </summary>
    /// <param name="requested">The requested tier.</param>
    /// <param name="allowEmulation">Whether the runtime may emulate a missing width, for tests.</param>
    /// <returns>A tier other than Auto.</returns>
    /// <exception cref="ArgumentException">The processor lacks it.</exception>
    public static SimdTier Resolve(SimdTier requested, bool allowEmulation)
    {
        if (requested == SimdTier.Auto)
            return IsSupported(SimdTier.Vector512) ? SimdTier.Vector512
                : IsSupported(SimdTier.Vector256) ? SimdTier.Vector256
                : SimdTier.Vector128;
        if (!Enum.IsDefined(requested)) throw new ArgumentException($"SIMD tier {(int)requested} does not exist.");
        if (!allowEmulation && !IsSupported(requested))
            throw new ArgumentException(Missing(requested, Resolve(SimdTier.Auto, false)));
        return requested;
    }

    /// <summary>The message for a tier that the processor lacks.</summary>
    /// <param name="requested">The tier that was asked for, wider than <paramref name="widest"/>.</param>
    /// <param name="widest">The widest tier of the processor.</param>
    public static string Missing(SimdTier requested, SimdTier widest) =>
        $"This processor has no {Bits(requested)}-bit vectors: ask for at most {Bits(widest)} bits ({InstructionSet(widest)}), " +
        "or leave the choice to auto.";

    /// <summary>Whether the processor has the registers and instructions of a tier.</summary>
    public static bool IsSupported(SimdTier tier) => tier switch
    {
        SimdTier.Vector512 => Avx512F.IsSupported,
        SimdTier.Vector256 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    /// <summary>The instruction set that a tier uses on this processor, for display.</summary>
    public static string InstructionSet(SimdTier tier) => tier switch
    {
        SimdTier.Vector512 => IsSupported(tier) ? "AVX-512" : "emulated",
        SimdTier.Vector256 => IsSupported(tier) ? "AVX2 + FMA" : "emulated",
        _ => Vector128.IsHardwareAccelerated ? (Sse.IsSupported ? "SSE" : "NEON") : "emulated",
    };

    /// <summary>Bits in a register of a tier.</summary>
    public static int Bits(SimdTier tier) => tier switch { SimdTier.Vector512 => 512, SimdTier.Vector256 => 256, _ => 128 };
}
