using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Copies of floats between layouts: transposes, separating pairs, and prefetches before a copy.</summary>
internal static unsafe class Packing
{
    /// <summary>Bytes of a line of the caches.</summary>
    public const int CacheLine = 64;

    /// <summary>
    /// Reorders each 2 <c>V.Count</c> numbers: the even ones, then the odd ones, as <see cref="IShortFloats{V}.LoadEvenBF16"/> and
    /// <see cref="IShortFloats{V}.LoadOddBF16"/> load them. The remaining numbers, fewer than two registers, stay in order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SplitPairs<V>(float* source, float* target, int count) where V : struct, IFloats<V>
    {
        int j = 0;
        for (; j + 2 * V.Count <= count; j += 2 * V.Count)
            for (int i = 0; i < V.Count; i += 4) SplitPairs(source + j + 2 * i, target + j + i, target + j + V.Count + i);
        for (; j < count; j++) target[j] = source[j];
    }

    // even = source[0, 2, 4, 6], odd = source[1, 3, 5, 7].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SplitPairs(float* source, float* even, float* odd)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + 4);
        if (Sse.IsSupported)
        {
            Sse.Shuffle(a, b, 0b10_00_10_00).Store(even);
            Sse.Shuffle(a, b, 0b11_01_11_01).Store(odd);
        }
        else if (AdvSimd.Arm64.IsSupported)
        {
            AdvSimd.Arm64.UnzipEven(a, b).Store(even);
            AdvSimd.Arm64.UnzipOdd(a, b).Store(odd);
        }
        else
        {
            Vector128.Create(a[0], a[2], b[0], b[2]).Store(even);
            Vector128.Create(a[1], a[3], b[1], b[3]).Store(odd);
        }
    }

    /// <summary>Prefetches numbers that are needed soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* source, int count)
    {
        if (Sse.IsSupported)
            for (int i = 0; i < count; i += CacheLine / sizeof(float)) Sse.Prefetch0(source + i);
    }

    /// <summary>Prefetches a cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchLine(byte* line)
    {
        if (Sse.IsSupported) Sse.Prefetch0(line);
    }

    /// <summary>Prefetches a cache line that is needed later into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchSecondLevel(byte* line)
    {
        if (Sse.IsSupported) Sse.Prefetch1(line);
    }

    /// <summary>Prefetches bytes that are needed later into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchSecondLevel(byte* source, nint count)
    {
        if (Sse.IsSupported)
            for (nint i = 0; i < count; i += CacheLine) Sse.Prefetch1(source + i);
    }

    /// <summary>target[j, i] = source[i, j] for i below <paramref name="rows"/> and j below <paramref name="columns"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        int i = 0;
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            for (; i + 4 <= rows; i += 4)
            {
                float* from = source + i * sourceStride;
                float* to = target + i;
                int j = 0;
                for (; j + 4 <= columns; j += 4, to += 4 * targetStride)
                    Transpose4(from + j, sourceStride, to, targetStride);
                for (; j < columns; j++, to += targetStride)
                {
                    to[0] = from[j];
                    to[1] = from[sourceStride + j];
                    to[2] = from[2 * sourceStride + j];
                    to[3] = from[3 * sourceStride + j];
                }
            }
        }
        for (; i < rows; i++)
            for (int j = 0; j < columns; j++) target[j * targetStride + i] = source[i * sourceStride + j];
    }

    // Pairs of rows are interleaved, then pairs of pairs: 8 shuffles for 16 numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + sourceStride);
        Vector128<float> c = Vector128.Load(source + 2 * sourceStride), d = Vector128.Load(source + 3 * sourceStride);
        if (Sse.IsSupported)
        {
            Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d);
            Vector128<float> abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
            Sse.MoveLowToHigh(ab, cd).Store(target);
            Sse.MoveHighToLow(cd, ab).Store(target + targetStride);
            Sse.MoveLowToHigh(abHigh, cdHigh).Store(target + 2 * targetStride);
            Sse.MoveHighToLow(cdHigh, abHigh).Store(target + 3 * targetStride);
        }
        else
        {
            Vector128<float> ac = AdvSimd.Arm64.ZipLow(a, c), bd = AdvSimd.Arm64.ZipLow(b, d);
            Vector128<float> acHigh = AdvSimd.Arm64.ZipHigh(a, c), bdHigh = AdvSimd.Arm64.ZipHigh(b, d);
            AdvSimd.Arm64.ZipLow(ac, bd).Store(target);
            AdvSimd.Arm64.ZipHigh(ac, bd).Store(target + targetStride);
            AdvSimd.Arm64.ZipLow(acHigh, bdHigh).Store(target + 2 * targetStride);
            AdvSimd.Arm64.ZipHigh(acHigh, bdHigh).Store(target + 3 * targetStride);
        }
    }
}
