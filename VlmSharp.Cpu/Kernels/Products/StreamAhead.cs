using System.Runtime.Intrinsics.X86;
using VlmSharp.Cpu.Formats;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// What is prefetched of the weights that a product with a few rows of activations reads as several streams, in addition to what the
/// hardware prefetches.
/// </summary>
internal static unsafe class StreamAhead
{
    /// <summary>
    /// Bytes ahead, or 0 for no prefetch. Measured (MatMul.md): on an Intel Xeon (Sapphire Rapids) a distance of 1 to 2 KB raises decode
    /// from 78 to 89 % of the bandwidth; on AMD's Zen 3 and Zen 5 it gains nothing. Other Intel processors with AVX-512 are treated like
    /// that Xeon.
    /// </summary>
    public static readonly int Bytes = IsIntel() && Avx512F.IsSupported ? 1024 : 0;

    /// <summary>
    /// The rows that the streams read now, and those that they read next. With several passes over the same rows, memory would wait in
    /// all but the first; each pass asks for its share of the next rows, so memory works all the time.
    /// </summary>
    /// <param name="w">Rows of a matrix, read from first to last by several streams.</param>
    /// <param name="rows">How many.</param>
    /// <param name="then">The rows that will probably be read after these rows, at least as many, or <c>default</c>.</param>
    /// <param name="n">The first stream's row, below <paramref name="run"/>.</param>
    /// <param name="run">Rows of a stream; stream i begins at row i * run.</param>
    /// <param name="streams">Number of streams.</param>
    /// <param name="places">[streams], set to the current rows. Where a stream has none, the last row.</param>
    /// <param name="next">[streams], set to the next rows. Where there is none, the current one, which is in the cache.</param>
    public static void Place(WeightRows w, int rows, WeightRows then, int n, int run, int streams, byte** places, byte** next)
    {
        for (int i = 0, row = n; i < streams; i++, row += run)
        {
            places[i] = w.At(Math.Min(row, rows - 1));
            if (n + 1 < run) next[i] = w.At(Math.Min(row + 1, rows - 1));
            else next[i] = then.HasValue ? then.At(Math.Min(i * run, rows - 1)) : places[i];
        }
    }

    /// <summary>How many of the next rows all passes ask for: one for each stream, or none where prefetching does not pay.</summary>
    public static int Asked(int streams) => Bytes > 0 ? streams : 0;

    /// <summary>How many of them the passes before this one ask for.</summary>
    /// <param name="asked">How many all passes ask for together.</param>
    /// <param name="pass">From 0 to <paramref name="passes"/>, where it is all of them.</param>
    /// <param name="passes">Number of passes over the same rows, at least 1.</param>
    public static int Share(int asked, int pass, int passes) => pass * asked / passes;

    // The vendor's name, "GenuineIntel", begins in the second register.
    private static bool IsIntel() => X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == BitConverter.ToInt32("Genu"u8);
}
