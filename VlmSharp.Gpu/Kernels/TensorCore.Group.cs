using ILGPU;

namespace VlmSharp.Gpu.Kernels;

internal partial struct TensorCore : IGroupCore
{
    /// <summary>Five shuffles give every lane its warp's sum; shared memory joins the warps.</summary>
    public static float Sum(float value)
    {
        ArrayView<float> warps = SharedMemory.Allocate<float>(8);
        value = WarpSum(value);
        if ((Group.IdxX & 31) == 0) warps[Group.IdxX >> 5] = value;
        Group.Barrier();
        float sum = 0;
        for (int i = 0; i < Group.DimX >> 5; i++) sum += warps[i];
        Group.Barrier(); // the next call writes there
        return sum;
    }

    /// <summary>The same for four numbers.</summary>
    public static F4 Sum(F4 values)
    {
        ArrayView<F4> warps = SharedMemory.Allocate<F4>(8);
        var sums = new F4 { X = WarpSum(values.X), Y = WarpSum(values.Y), Z = WarpSum(values.Z), W = WarpSum(values.W) };
        if ((Group.IdxX & 31) == 0) warps[Group.IdxX >> 5] = sums;
        Group.Barrier();
        sums = warps[0];
        for (int i = 1; i < Group.DimX >> 5; i++) sums = sums.Plus(warps[i]);
        Group.Barrier(); // the next call writes there
        return sums;
    }

    /// <summary>The same for the maximum.</summary>
    public static float Max(float value)
    {
        ArrayView<float> warps = SharedMemory.Allocate<float>(8);
        for (int distance = 16; distance > 0; distance >>= 1) value = IntrinsicMath.Max(value, Warp.ShuffleXor(value, distance));
        if ((Group.IdxX & 31) == 0) warps[Group.IdxX >> 5] = value;
        Group.Barrier();
        float max = warps[0];
        for (int i = 1; i < Group.DimX >> 5; i++) max = IntrinsicMath.Max(max, warps[i]);
        Group.Barrier();
        return max;
    }

    /// <summary>The sum over the 32 threads of a warp, in each of them.</summary>
    public static float WarpSum(float value)
    {
        value += Warp.ShuffleXor(value, 16);
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }
}
