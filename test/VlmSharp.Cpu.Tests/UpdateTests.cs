using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Cpu.Tests;

/// <summary>Steps of optimizers and norms give the same bits for any number of threads.</summary>
public sealed unsafe class UpdateTests
{
    private const int Rows = 129, Columns = 1153;

    [Theory]
    [InlineData(SimdTier.Vector128)]
    [InlineData(SimdTier.Vector256)]
    [InlineData(SimdTier.Vector512)]
    public void Threads_change_no_bit(SimdTier tier)
    {
        float[] one = Run(tier, 1);
        Assert.DoesNotContain(one, float.IsNaN);
        Assert.Equal(one, Run(tier, 2));
        Assert.Equal(one, Run(tier, 3));
    }

    [Fact]
    public void A_mapped_checkpoint_is_not_written_to()
    {
        float[] numbers = GC.AllocateArray<float>(4, pinned: true);
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = 1 });
        using Weight weight =
            backend.LoadWeight(new WeightData("w", DType.F32, 1, 4, Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0), numbers));
        using Matrix gradient = backend.Upload([1, 1, 1, 1], 1, 4);
        Assert.Contains(
            "only be read", Assert.Throws<ArgumentException>(() => backend.Sgd(weight, gradient, 1)).Message, StringComparison.Ordinal);
        Assert.Equal(new float[4], numbers);
    }

    private static float[] Run(SimdTier tier, int threads)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Simd = tier, Threads = threads, AllowEmulation = true });
        var random = new Random(5);
        float[] Numbers() => [.. Enumerable.Range(0, Rows * Columns).Select(_ => 2 * random.NextSingle() - 1)];
        var results = new List<float>();
        foreach (DType dtype in new[] { DType.F32, DType.BF16 })
            foreach (int kind in new[] { 0, 1, 2 })
            {
                void* memory = NativeMemory.AllocZeroed(Rows * Columns, 4);
                using Weight weight =
                    backend.LoadWeight(new WeightData("w", dtype, Rows, Columns, (nint)memory, backend, IsWritable: true));
                Matrix master = dtype == DType.BF16 ? Zeros(backend, new(Rows, Columns)) : default,
                    gradient = backend.Upload(Numbers(), Rows, Columns);
                Matrix a = Zeros(backend, new(Rows, Columns)), b = Zeros(backend, new(Rows, Columns));
                Matrix codes = Zeros(backend, AdamW8Bit.CodesOf(a.Length)), others = Zeros(backend, AdamW8Bit.CodesOf(a.Length));
                Matrix scales = Zeros(backend, AdamW8Bit.ScalesOf(a.Length)), more = Zeros(backend, AdamW8Bit.ScalesOf(a.Length));
                for (int t = 1; t <= 2; t++)
                {
                    if (kind == 0) backend.AdamW(weight, gradient, a, b, new AdamStep(t, 0.1, 0.01), master);
                    if (kind == 1) backend.Sgd(weight, gradient, 0.1f, a, 0.9f, 0.01f, 1, master);
                    if (kind == 2) backend.AdamW8Bit(weight, gradient, codes, scales, others, more, new AdamStep(t, 0.1, 0.01), master);
                }

                float[] numbers = new float[Rows * Columns], norm = new float[1];
                using Indices rows = backend.Upload([.. Enumerable.Range(0, Rows)]);
                using Matrix read = backend.Embed(weight, rows, 1);
                backend.Download(read, numbers);
                backend.Download(backend.SumOfSquares(read), norm);
                results.AddRange([.. numbers, .. norm]);
                NativeMemory.Free(memory);
            }

        return [.. results];
    }

    private static Matrix Zeros(CpuBackend backend, MatrixShape shape) =>
        backend.Upload(new float[shape.Rows * shape.Columns], shape.Rows, shape.Columns);
}
