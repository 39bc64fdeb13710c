using ILGPU;

namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>
/// Tree reductions in shared memory over a group of up to 256 threads. Every thread must call, and each gets the result.
/// </summary>
internal static class GroupSearch
{
    private const int MostThreads = 256;

    // Every thread combines the last two values in a loop. ILGPU moves a single load to where its value is used, past the barrier that is
    // to end the reading, but it moves no load out of a loop.

    /// <summary>The largest value; among equal ones, that with the lowest place.</summary>
    public static void Largest(ref float value, ref int place)
    {
        ArrayView<float> values = SharedMemory.Allocate<float>(MostThreads);
        ArrayView<int> places = SharedMemory.Allocate<int>(MostThreads);
        int thread = Group.IdxX;
        values[thread] = value;
        places[thread] = place;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 1; half >>= 1)
        {
            if (thread < half && IsBefore(values[thread + half], places[thread + half], values[thread], places[thread]))
            {
                values[thread] = values[thread + half];
                places[thread] = places[thread + half];
            }

            Group.Barrier();
        }

        value = float.NegativeInfinity;
        place = int.MaxValue;
        for (int i = 0; i < 2; i++)
            if (IsBefore(values[i], places[i], value, place)) (value, place) = (values[i], places[i]);
        Group.Barrier(); // the next call writes there
    }

    private static bool IsBefore(float value, int place, float other, int otherPlace) =>
        value > other || (value == other && place < otherPlace);

    /// <summary>The sum, in a fixed order.</summary>
    public static double Sum(double value)
    {
        ArrayView<double> sums = SharedMemory.Allocate<double>(MostThreads);
        int thread = Group.IdxX;
        sums[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 1; half >>= 1)
        {
            if (thread < half) sums[thread] += sums[thread + half];
            Group.Barrier();
        }

        double sum = 0;
        for (int i = 0; i < 2; i++) sum += sums[i];
        Group.Barrier();
        return sum;
    }

    /// <summary>The sum over the threads before this one, in their order.</summary>
    public static double SumBefore(double value)
    {
        ArrayView<double> sums = SharedMemory.Allocate<double>(MostThreads);
        sums[Group.IdxX] = value;
        Group.Barrier();
        double before = 0;
        for (int i = 0; i < Group.IdxX; i++) before += sums[i];
        Group.Barrier();
        return before;
    }

    /// <summary>The sum over the threads before this one.</summary>
    public static int SumBefore(int value)
    {
        ArrayView<int> sums = SharedMemory.Allocate<int>(MostThreads);
        sums[Group.IdxX] = value;
        Group.Barrier();
        int before = 0;
        for (int i = 0; i < Group.IdxX; i++) before += sums[i];
        Group.Barrier();
        return before;
    }
}
