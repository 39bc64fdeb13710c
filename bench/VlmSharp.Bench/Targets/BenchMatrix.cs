using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Bench.Targets;

/// <summary>A weight of any format and shape that holds small numbers.</summary>
internal sealed unsafe class BenchMatrix : IDisposable
{
    private readonly byte* memory;

    /// <param name="backend">The backend that loads the weight.</param>
    /// <param name="format">BF16, Int8 or Int4.</param>
    /// <param name="rows">Outputs of the layer.</param>
    /// <param name="columns">Inputs of the layer; whole groups for Int8 and Int4.</param>
    public BenchMatrix(IComputeBackend backend, DType format, int rows, int columns)
    {
        nuint elements = (nuint)(rows * format.RowBytes(columns)), bytes = (nuint)format.ByteLength(rows, columns);
        memory = (byte*)HostMemory.Allocate((long)bytes); // in pages of 2 MB, as models lie
        if (format == DType.BF16) FillBF16(0, bytes / 2);
        else
        {
            for (nuint i = 0; i < elements; i++) memory[i] = (byte)(i * 7 % 127);
            FillBF16(elements, (bytes - elements) / 2);
        }
        Weight = backend.LoadWeight(new WeightData("bench", format, rows, columns, (nint)memory, this, (nint)(memory + elements)));
    }

    /// <summary>The weight as the backend holds it, valid until this is disposed of.</summary>
    public Weight Weight { get; }

    private void FillBF16(nuint from, nuint count)
    {
        ushort* numbers = (ushort*)(memory + from);
        for (nuint i = 0; i < count; i++) numbers[i] = BFloat16.FromSingle((int)(i % 17) - 8);
    }

    public void Dispose()
    {
        Weight.Dispose();
        HostMemory.Free(memory);
    }
}
