using ILGPU;

namespace VlmSharp.Gpu.Kernels;

internal partial struct PortableCore : IGroupCore
{
    private const int MostThreads = 256;

    // Every thread combines the last two values in a loop. ILGPU moves a single load to where its value is used, past the barrier that is
    // to end the reading, but it moves no load out of a loop.

    /// <summary>Adds in a tree: half of the threads add the other half's numbers to theirs, then a quarter, until two are left.</summary>
    public static float Sum(float value)
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(MostThreads);
        int thread = Group.IdxX;
        scratch[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 1; half >>= 1)
        {
            if (thread < half) scratch[thread] += scratch[thread + half];
            Group.Barrier();
        }

        float sum = 0;
        for (int i = 0; i < 2; i++) sum += scratch[i];
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
        for (int half = Group.DimX >> 1; half > 1; half >>= 1)
        {
            if (thread < half) scratch[thread] = scratch[thread].Plus(scratch[thread + half]);
            Group.Barrier();
        }

        F4 sums = default;
        for (int i = 0; i < 2; i++) sums = sums.Plus(scratch[i]);
        Group.Barrier(); // the next call writes there
        return sums;
    }

    /// <summary>The same tree for the maximum.</summary>
    public static float Max(float value)
    {
        ArrayView<float> scratch = SharedMemory.Allocate<float>(MostThreads);
        int thread = Group.IdxX;
        scratch[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 1; half >>= 1)
        {
            if (thread < half) scratch[thread] = IntrinsicMath.Max(scratch[thread], scratch[thread + half]);
            Group.Barrier();
        }

        float max = float.NegativeInfinity;
        for (int i = 0; i < 2; i++) max = IntrinsicMath.Max(max, scratch[i]);
        Group.Barrier();
        return max;
    }
}
