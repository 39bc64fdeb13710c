using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Cosines and sines of the rotary embedding for every position, computed on the host: a device's own sine is not exact for large angles,
/// and a replayed step reads a table by position. A table grows by being replaced; the old one stays for recordings that read it.
/// </summary>
/// <param name="device">The device that holds the tables.</param>
/// <param name="pool">Allocates the memory.</param>
internal sealed class RotaryTables(KernelDevice device, DevicePool pool) : IDisposable
{
    private const int SmallestRows = 512;

    private readonly Dictionary<(int HeadDim, float FrequencyBase), MemoryBuffer1D<float, Stride1D.Dense>> tables = [];
    private readonly List<MemoryBuffer1D<float, Stride1D.Dense>> outgrown = [];

    /// <summary>The table of a head size and base, for at least positions 0 to <paramref name="positions"/> - 1.</summary>
    /// <param name="headDim">D.</param>
    /// <param name="frequencyBase">The base of the angles' powers, 10000 in Gemma.</param>
    /// <param name="positions">The number of positions.</param>
    /// <returns>[positions, D]: cosines, then sines.</returns>
    public ArrayView<float> Get(int headDim, float frequencyBase, int positions)
    {
        if (tables.TryGetValue((headDim, frequencyBase), out MemoryBuffer1D<float, Stride1D.Dense>? table))
        {
            if (table.Length >= (long)positions * headDim) return table.View.BaseView;
            outgrown.Add(table);
        }

        int rows = Math.Max(SmallestRows, checked(positions + positions / 2));
        table = pool.Allocate<float>((long)rows * headDim, "angles", "Ask for fewer new tokens.");
        device.Write<float>(Angles(headDim, frequencyBase, rows), table.View.BaseView);
        return (tables[(headDim, frequencyBase)] = table).View.BaseView;
    }

    // theta and the angle are fp32 in the models' own code; more exact values would give different rotations.
    private static float[] Angles(int headDim, float frequencyBase, int rows)
    {
        int half = headDim / 2;
        float[] thetas = new float[half], angles = new float[rows * headDim];
        for (int j = 0; j < half; j++) thetas[j] = (float)Math.Pow(frequencyBase, -2.0 * j / headDim);
        Parallel.For(0, rows, row =>
        {
            for (int j = 0; j < half; j++)
            {
                float angle = row * thetas[j];
                angles[row * headDim + j] = (float)Math.Cos(angle);
                angles[row * headDim + half + j] = (float)Math.Sin(angle);
            }
        });
        return angles;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MemoryBuffer1D<float, Stride1D.Dense> table in tables.Values) table.Dispose();
        foreach (MemoryBuffer1D<float, Stride1D.Dense> table in outgrown) table.Dispose();
    }
}
