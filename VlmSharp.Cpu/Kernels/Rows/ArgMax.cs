using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// The first place of the largest value; NaN is never the largest. The maximum of each block is found in registers; only the first block
/// with the overall maximum is searched for its place.
/// </summary>
internal static unsafe class ArgMax
{
    private const int Block = 1024;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (int Index, float Value) Run<V>(float* x, int count) where V : struct, ISimd<V>
    {
        float best = float.NegativeInfinity;
        int at = 0;
        for (int first = 0; first < count; first += Block)
        {
            float largest = RowMath.Max<V>(x + first, Math.Min(Block, count - first));
            if (largest > best) (best, at) = (largest, first);
        }
        if (best == float.NegativeInfinity) return (0, best);
        while (x[at] != best) at++;
        return (at, x[at]);
    }
}
