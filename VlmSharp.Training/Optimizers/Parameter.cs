using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// A trained parameter: a <see cref="Compute.Weight"/> in its own memory, which the model reads and the optimizer changes in place, and the
/// gradient of the step. On a backend in host memory it owns that memory; a device has its own copy.
/// </summary>
public sealed unsafe class Parameter : IDisposable
{
    private const int ChunkBytes = 1 << 22;

    private readonly IComputeBackend b;
    private readonly NativeBlock? memory; // what the weight reads; null where the backend has copied it

    private Parameter(IComputeBackend backend, string name, int rows, int columns, DType dtype, RowReader read)
    {
        if (dtype is not (DType.F32 or DType.BF16))
            throw new ArgumentException($"{name}: a parameter is trained in F32 or BF16, not in {dtype}.", nameof(dtype));
        b = backend;
        IsKernel = rows > 1;
        NativeBlock? numbers = null, stored = null;
        try
        {
            numbers = new NativeBlock(sizeof(float) * (long)rows * columns); // [rows, columns]
            for (int row = 0; row < rows; row++) read(row, numbers.Floats((long)row * columns, columns));
            if (dtype == DType.BF16)
            {
                stored = new NativeBlock(sizeof(ushort) * (long)rows * columns);
                for (int row = 0; row < rows; row++)
                    BFloat16.FromSingle(numbers.Floats((long)row * columns, columns),
                        new Span<ushort>((ushort*)stored.Data + (long)row * columns, columns));
                Master = b.Upload(numbers.Floats(0, checked(rows * columns)), rows, columns);
                numbers.Dispose();
            }
            else
            {
                stored = numbers;
            }

            Weight = b.LoadWeight(new WeightData(name, dtype, rows, columns, stored.Data, stored, IsWritable: true));
            if (b.CopiesWeights) stored.Dispose();
            else memory = stored;
        }
        catch
        {
            numbers?.Dispose();
            stored?.Dispose();
            Master.Dispose();
            throw;
        }
    }

    private delegate void RowReader(int row, Span<float> target);

    /// <summary>Its canonical name.</summary>
    public string Name => Weight.Name;

    /// <summary>What operators read, [out, in]; a vector is [1, n].</summary>
    public Weight Weight { get; }

    /// <summary>The fp32 master copy of a parameter stored in BF16, [out, in]; <c>default</c> for a parameter in F32.</summary>
    public Matrix Master { get; private set; }

    /// <summary>
    /// The gradient of the step, [out, in], owned by the parameter; <c>default</c> if no gradient has reached it.
    /// </summary>
    public Matrix Gradient { get; private set; }

    /// <summary>
    /// Whether it is a matrix that multiplies features (weight decay for "kernels only" applies to it); by default, if it has more than one
    /// row.
    /// </summary>
    public bool IsKernel { get; init; }

    /// <summary>How many numbers it has.</summary>
    public long Length => (long)Weight.Rows * Weight.Columns;

    /// <summary>A parameter with given numbers.</summary>
    /// <param name="backend">Where it is trained.</param>
    /// <param name="name">Its canonical name.</param>
    /// <param name="rows">Rows; 1 of a vector.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="values">[rows, columns].</param>
    /// <param name="dtype">How it is stored: F32, or BF16 with an fp32 master copy.</param>
    /// <returns>The parameter, owned by the caller.</returns>
    public static Parameter Create(
        IComputeBackend backend, string name, int rows, int columns, ReadOnlySpan<float> values, DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (values.Length != (long)rows * columns)
            throw new ArgumentException($"{name}: {values.Length} numbers do not fill [{rows}, {columns}].", nameof(values));
        fixed (float* first = values)
        {
            float* start = first;
            return new Parameter(backend, name, rows, columns, dtype,
                (row, target) => new ReadOnlySpan<float>(start + (long)row * columns, columns).CopyTo(target));
        }
    }

    /// <summary>A parameter with the numbers of a checkpoint, copied: the checkpoint is never written to.</summary>
    /// <param name="backend">Where it is trained.</param>
    /// <param name="source">The checkpoint's, in any storage format; integers are widened.</param>
    /// <param name="dtype">How it is stored here: F32, or BF16 with an fp32 master copy.</param>
    /// <returns>The parameter, owned by the caller.</returns>
    public static Parameter From(IComputeBackend backend, WeightData source, DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return new Parameter(backend, source.Name, source.Rows, source.Columns, dtype, source.Widen);
    }

    /// <summary>Takes ownership of a gradient; an earlier one is released.</summary>
    /// <param name="gradient">[out, in].</param>
    public void SetGradient(Matrix gradient)
    {
        Gradient.Dispose();
        Gradient = gradient;
    }

    /// <summary>Ends a step: the gradient is gone.</summary>
    public void ClearGradient() => SetGradient(default);

    /// <summary>The numbers in fp32, from the master copy if there is one.</summary>
    /// <param name="target">[rows, columns].</param>
    public void Read(Span<float> target)
    {
        if (target.Length != Length) throw new ArgumentException($"{Weight} does not fit {target.Length} numbers.", nameof(target));
        if (Master.HasValue)
        {
            b.Download(Master, target);
            return;
        }

        for (int row = 0; row < Weight.Rows; row += ChunkRows)
        {
            int count = Math.Min(ChunkRows, Weight.Rows - row);
            using Indices rows = b.Upload([.. Enumerable.Range(row, count)]);
            using Matrix part = b.Embed(Weight, rows, 1); // [count, columns]
            b.Download(part, target.Slice(row * Weight.Columns, count * Weight.Columns));
        }
    }

    /// <summary>Replaces the numbers, to resume a training.</summary>
    /// <param name="values">[rows, columns].</param>
    public void Write(ReadOnlySpan<float> values)
    {
        if (values.Length != Length) throw new ArgumentException($"{Weight} does not fit {values.Length} numbers.", nameof(values));
        if (Master.HasValue)
        {
            Master.Dispose();
            Master = b.Upload(values, Weight.Rows, Weight.Columns);
        }

        for (int row = 0; row < Weight.Rows; row += ChunkRows)
        {
            int count = Math.Min(ChunkRows, Weight.Rows - row);
            using Matrix part = b.Upload(values.Slice(row * Weight.Columns, count * Weight.Columns), count, Weight.Columns);
            b.AssignRows(Weight, part, row);
        }
    }

    private int ChunkRows => Math.Max(1, ChunkBytes / (sizeof(float) * Math.Max(1, Weight.Columns)));

    /// <summary>Frees the weight, its memory and the gradient.</summary>
    public void Dispose()
    {
        ClearGradient();
        Master.Dispose();
        Master = default;
        Weight.Dispose();
        memory?.Dispose();
    }
}
