using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

/// <summary>
/// Rows of activations as 16-bit integers, for <see cref="IntegerGemv"/>: per group of the weight format, a = max |x| / 32767 and
/// round(x / a). The error is 2^-16 of the group's largest element, far below that of the weights.
/// </summary>
internal static unsafe class IntegerRows
{
    private const float Most = short.MaxValue;

    public static FewRows From<V, Q>(CpuContext context, HostMatrix x) where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int groups = x.Columns / Q.Group;
        long scales = (long)x.Rows * groups;
        float* scratch = context.Shared.Reserve(scales + ((long)x.Rows * x.Columns + 1) / 2);
        var integers = (short*)(scratch + scales);
        for (int t = 0; t < x.Rows; t++) Round<V, Q>(x.RowPointer(t), groups, integers + (nint)t * x.Columns, scratch + (nint)t * groups);
        return new FewRows { X = x, Integers = integers, Scales = scratch };
    }

    private static void Round<V, Q>(float* x, int groups, short* target, float* scales) where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int step = Q.GroupsAtOnce<V>(), whole = groups / step * step;
        short* integers = stackalloc short[step * Q.Group];
        for (int group = 0; group < whole; group += step, target += step * Q.Group)
        {
            for (int i = 0; i < step; i++) scales[group + i] = RoundGroup(x + (nint)(group + i) * Q.Group, Q.Group, integers + i * Q.Group);
            Q.Arrange(integers, step, step, target);
        }

        for (int group = whole; group < groups; group++, target += Q.Group)
        {
            scales[group] = RoundGroup(x + (nint)group * Q.Group, Q.Group, integers);
            Q.Arrange(integers, 1, 1, target);
        }
    }

    // A NaN or an infinity makes the scale one, and so the sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RoundGroup(float* x, int count, short* target)
    {
        Vector128<float> largest = Vector128<float>.Zero;
        for (int i = 0; i < count; i += 4) largest = Vector128.Max(largest, Vector128.Abs(Vector128.Load(x + i)));
        float most = MathF.Max(MathF.Max(largest[0], largest[1]), MathF.Max(largest[2], largest[3]));
        float inverse = most > 0 ? Most / most : 0;
        for (int i = 0; i < count; i += 8)
        {
            Vector128<int> low = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i) * inverse));
            Vector128<int> high = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i + 4) * inverse));
            Vector128.Narrow(low, high).Store(target + i);
        }

        return most / Most;
    }
}
