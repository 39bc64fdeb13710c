using ILGPU;

namespace VlmSharp.Gpu.Kernels;

internal partial struct PortableCore : IGroupCore
{
    private const int MostThreads = 256;

    /// <summary>A tree: half of the threads add the other half's numbers to theirs, then a quarter, and so on.</summary>
    public static float Sum(float value)
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(MostThreads);
        int thread = Group.IdxX;
        scratch[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half) scratch[thread] += scratch[thread + half];
            Group.Barrier();
        }

        float sum = scratch[0];
        Group.Barrier(); // the next call writes there
        return sum;
    }

    /// <summary>The same tree for four numbers.</summary>
    public static F4 Sum(F4 values)
    {
        ArrayView<F4> scratch = SharedMemory.Allocate<F4>(MostThreads);
        int thread = Group.IdxX;
        scratch[thread] = values;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half) scratch[thread] = scratch[thread].Plus(scratch[thread + half]);
            Group.Barrier();
        }

        F4 sums = scratch[0];
        Group.Barrier(); // the next call writes there
        return sums;
    }

    /// <summary>The same with the larger of two.</summary>
    public static float Max(float value)
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(MostThreads);
        int thread = Group.IdxX;
        scratch[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half) scratch[thread] = IntrinsicMath.Max(scratch[thread], scratch[thread + half]);
            Group.Barrier();
        }

        float max = scratch[0];
        Group.Barrier();
        return max;
    }
}
