using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;

namespace VlmSharp.Bench;

/// <summary>
/// Linear layers of the models in every storage format. M = 1 is decoding: compare bytes of the weights / time with the read
/// bandwidth. M = 256 is the vision encoder or a prompt: compare 2 M N K / time with the FMA peak. The weights rotate through
/// more memory than any cache holds, as they do in a model.
/// </summary>
[MemoryDiagnoser]
public unsafe class MatrixProductBenchmarks
{
    private const long RotatedBytes = 300_000_000;

    private CpuBackend backend = null!;
    private Weight[] weights = [];
    private byte* memory;
    private Matrix x;
    private int next;

    /// <summary>Rows of activations.</summary>
    [Params(1, 8, 256)]
    public int M { get; set; }

    /// <summary>Outputs x inputs.</summary>
    [Params("4352x1152", "1152x4352", "16384x2048", "2048x16384")]
    public string Shape { get; set; } = "";

    /// <summary>Storage format of the weights.</summary>
    [Params(DType.BF16, DType.Int8, DType.Int4)]
    public DType Format { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] sides = [.. Shape.Split('x').Select(int.Parse)];
        int outputs = sides[0], inputs = sides[1];
        long bytes = Format.ByteLength(outputs, inputs), elements = outputs * Format.RowBytes(inputs);
        int copies = (int)(RotatedBytes / bytes + 1);
        memory = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes * copies), 64);
        for (long i = 0; i < bytes * copies / 2; i++) ((ushort*)memory)[i] = BFloat16.FromSingle(i % 17 - 8);
        backend = new CpuBackend();
        weights =
        [
            .. Enumerable.Range(0, copies)
                .Select(i =>
                    backend.LoadWeight(new WeightData(
                        "w", Format, outputs, inputs, (nint)(memory + i * bytes), this,
                        Format.IsQuantized() ? (nint)(memory + i * bytes + elements) : 0)))
        ];
        x = backend.Upload(new float[M * inputs], M, inputs);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        backend.Dispose();
        NativeMemory.AlignedFree(memory);
    }

    [Benchmark]
    public void Linear() => backend.Linear(x, weights[next++ % weights.Length]).Dispose();
}
