using System.Runtime.InteropServices;
using VlmSharp.Compute;

namespace VlmSharp.Backend.Tests;

/// <summary>Arguments for operators. Every backend that asks in the same order gets the same numbers.</summary>
internal sealed class OperatorInputs(IComputeBackend backend)
{
    private readonly Random random = new(1);

    public IComputeBackend Backend => backend;

    public Matrix Matrix(int rows, int columns) => backend.Upload(Numbers(rows * columns), rows, columns);

    public Matrix Zeros(int rows, int columns) => backend.Upload(new float[rows * columns], rows, columns);

    public Indices Indices(params int[] values) => backend.Upload(values);

    public Weight Weight(int rows, int columns)
    {
        float[] numbers = GC.AllocateArray<float>(rows * columns, pinned: true);
        Numbers(numbers.Length).CopyTo(numbers, 0);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0);
        return backend.LoadWeight(new WeightData("w", DType.F32, rows, columns, address, numbers, IsWritable: true));
    }

    /// <summary>Three rows or more, of which two are a prefix, and two rows without one.</summary>
    public StepTable Uncached(int first = 3)
    {
        var batch = new SequenceBatch();
        batch.Add(first, 2);
        batch.Add(2, 0);
        return backend.Prepare(batch);
    }

    /// <summary>Two sequences with a past of 4 and 2 tokens; the step has 2 rows of one and 1 row of the other.</summary>
    /// <param name="width">Of keys and values.</param>
    /// <param name="append">Appends the keys and values [rows, width] of a step to the caches.</param>
    public StepTable Cached(int width, Action<Matrix, Matrix, StepTable> append)
    {
        var batch = new SequenceBatch();
        KvCache first = backend.CreateKvCache(1, width, 8), second = backend.CreateKvCache(1, width, 8);
        batch.Add(4, 3, first);
        batch.Add(2, 2, second);
        append(Matrix(6, width), Matrix(6, width), backend.Prepare(batch));
        batch.Advance();
        batch.Clear();
        batch.Add(2, 3, first);
        batch.Add(1, 2, second);
        StepTable step = backend.Prepare(batch);
        append(Matrix(3, width), Matrix(3, width), step);
        return step;
    }

    private float[] Numbers(int count)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = 2 * random.NextSingle() - 1;
        return numbers;
    }
}
