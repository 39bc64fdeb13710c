using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests.Kernels;

/// <summary>
/// What a few rows of activations give does not depend on their number, to the last bit: the answers of a batch are those that each
/// request gets alone.
/// </summary>
public abstract unsafe class RowsOfABatchTests(SimdTier tier)
{
    // 33 groups of int8, 66 of int4: two steps and a rest with 512 bits. An odd number of outputs: the last streams are shorter.
    private const int Inputs = 2112, Outputs = 37, MostRows = 12;

    [BackendTheory]
    [InlineData(DType.BF16, 16)]
    [InlineData(DType.F16, 16)]
    [InlineData(DType.F32, 16)]
    [InlineData(DType.Int8, 16)]
    [InlineData(DType.Int8, 8)]
    [InlineData(DType.Int4, 16)]
    public void A_row_has_the_same_bits_alone_and_among_others(DType format, int activationBits)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Simd = tier, ActivationBits = activationBits });
        var random = new Random(7);
        ushort* scales = (ushort*)NativeMemory.Alloc(Inputs * Outputs, sizeof(ushort));
        float* weights = (float*)NativeMemory.Alloc(Inputs * Outputs, sizeof(float));
        for (int i = 0; i < Inputs * Outputs; i++) scales[i] = BFloat16.FromSingle(0.01f + random.NextSingle());
        Fill(weights, format, random);
        using Weight w = backend.LoadWeight(new WeightData("w", format, Outputs, Inputs, (nint)weights, backend, (nint)scales));
        float[] x = new float[MostRows * Inputs];
        for (int i = 0; i < x.Length; i++) x[i] = random.NextSingle() - 0.5f;

        float[][] alone = [.. Enumerable.Range(0, MostRows).Select(t => Product(x.AsSpan(t * Inputs, Inputs), 1))]; // [T][out]
        for (int rows = 2; rows <= MostRows; rows++)
        {
            float[] together = Product(x.AsSpan(0, rows * Inputs), rows); // [rows, out]
            for (int t = 0; t < rows; t++)
                Assert.True(alone[t].AsSpan().SequenceEqual(together.AsSpan(t * Outputs, Outputs)), $"row {t} of {rows}");
        }

        NativeMemory.Free(scales);
        NativeMemory.Free(weights);

        float[] Product(ReadOnlySpan<float> rowsOfX, int rows)
        {
            using Matrix input = backend.Upload(rowsOfX.ToArray(), rows, Inputs), product = backend.Linear(input, w);
            float[] y = new float[rows * Outputs];
            backend.Download(product, y);
            return y;
        }
    }

    // Numbers between -0.5 and 0.5, or any integers.
    private static void Fill(float* weights, DType format, Random random)
    {
        for (int i = 0; i < Inputs * Outputs; i++)
        {
            float number = random.NextSingle() - 0.5f;
            switch (format)
            {
                case DType.F32: weights[i] = number; break;
                case DType.BF16: ((ushort*)weights)[i] = BFloat16.FromSingle(number); break;
                case DType.F16: ((Half*)weights)[i] = (Half)number; break;
                default: ((byte*)weights)[i] = (byte)random.Next(256); break;
            }
        }
    }
}

public sealed class Cpu128RowsOfABatch() : RowsOfABatchTests(SimdTier.Vector128);

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256RowsOfABatch() : RowsOfABatchTests(SimdTier.Vector256);

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512RowsOfABatch() : RowsOfABatchTests(SimdTier.Vector512);
