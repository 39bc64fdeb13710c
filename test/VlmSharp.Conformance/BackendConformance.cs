using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Quantization;

namespace VlmSharp.Conformance;

/// <summary>
/// What every backend must do: one test per operator, over shapes that no vector width divides, every storage format and
/// ragged batches. A backend's test project derives a sealed class that makes the backend; the oracle is the reference
/// backend, which sums in double precision and is itself held to hand-calculated cases here.
/// </summary>
/// <remarks>
/// A result may differ from the oracle by the rounding of its sums: by a small multiple of the fp32 unit, relative to the sum of the
/// magnitudes that were added (<see cref="Close.Unit"/>).
/// </remarks>
public abstract partial class BackendConformance : IDisposable
{
    private readonly ReferenceBackend oracle = new();
    private readonly List<nint> memory = [];
    private IComputeBackend? backend;
    private readonly Random random = new(20240710);

    /// <summary>Makes the backend under test.</summary>
    protected abstract IComputeBackend Create();

    /// <summary>The backend under test.</summary>
    protected IComputeBackend Backend => backend ??= Create();

    /// <summary>The reference backend, with whose results those of <see cref="Backend"/> are compared.</summary>
    protected IComputeBackend Oracle => oracle;

    /// <summary>
    /// The relative error of operands that the backend rounds before it multiplies, and of results that it keeps for the next product:
    /// 0 if everything is fp32, 2^-8 for bf16. It widens only the bounds of operators whose inputs or results are operands of a product.
    /// </summary>
    protected virtual double OperandRounding => 0;

    /// <summary>
    /// The largest number of multiplications of a case. A very slow backend skips larger shapes, but no operator.
    /// </summary>
    protected virtual long MostMultiplications => long.MaxValue;

    /// <summary>
    /// What <see cref="OperandRounding"/> adds to the bound on a sum of products of numbers up to <paramref name="magnitude"/>. Both
    /// factors are off by up to u in either direction, each by 0.4 u on average. So a sum of n products of mean size 1/3 is off by
    /// u sqrt(n) / 5 on average, and the worst of many by u sqrt(n). The result may be rounded too, by u of up to 1.5 sqrt(n).
    /// </summary>
    private double Rounding(int terms, double magnitude) => 4 * OperandRounding * magnitude * Math.Sqrt(terms + 4.0);

    private float[] Numbers(int count, float scale = 1)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = scale * (float)(2 * random.NextDouble() - 1);
        return values;
    }

    // A parameter at an address that is aligned to its element size and no further.
    private unsafe WeightData Parameter(string name, DType dtype, int rows, int columns, float scale = 1, float[]? values = null)
    {
        if (dtype.IsQuantized()) return Quantized(name, dtype, rows, columns, values ?? Numbers(checked(rows * columns), scale));
        int length = checked(rows * columns);
        values ??= Numbers(length, scale);
        byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)((long)length * dtype.RowBytes(1) + 64), 64);
        memory.Add((nint)block);
        byte* data = block + dtype.RowBytes(1);
        for (int i = 0; i < length; i++)
        {
            if (dtype == DType.F32) ((float*)data)[i] = values[i];
            else ((ushort*)data)[i] = dtype == DType.BF16 ? BFloat16.FromSingle(values[i]) : BitConverter.HalfToUInt16Bits((Half)values[i]);
        }
        return new WeightData(name, dtype, rows, columns, (nint)data, this);
    }

    // The nearest numbers that the format can represent. Integers and scales are stored apart, and neither is aligned.
    private unsafe WeightData Quantized(string name, DType dtype, int rows, int columns, float[] values)
    {
        byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)dtype.ByteLength(rows, columns) + 64, 64);
        memory.Add((nint)block);
        byte* elements = block + 1;
        long rowBytes = dtype.RowBytes(columns), groups = dtype.Groups(columns);
        ushort* scales = (ushort*)(elements + rows * rowBytes);
        if (dtype == DType.Nf4)
        {
            Assert.True(Nf4Quantizer.Quantize(values, elements, (float*)scales));
            return new WeightData(
                name, dtype, rows, columns, (nint)elements, this, (nint)scales, FloatFormats[random.Next(FloatFormats.Length)]);
        }

        for (int row = 0; row < rows; row++)
            GroupQuantizer.Quantize(values.AsSpan(row * columns, columns), dtype, elements + row * rowBytes, scales + row * groups);
        return new WeightData(name, dtype, rows, columns, (nint)elements, this, (nint)scales);
    }

    // The formats that rows of this length can have.
    private static IEnumerable<DType> Formats(int columns) => Enum.GetValues<DType>().Where(d => d.Fits(columns));

    private WeightData Vector(string name, int columns, DType dtype = DType.F32, float scale = 1) =>
        Parameter(name, dtype, 1, columns, scale);

    // Runs an operator on both backends.
    private void Compare(string what, Func<IComputeBackend, Matrix> run, double tolerance)
    {
        float[] expected = Fetch(Oracle, run(Oracle)), actual = Fetch(Backend, run(Backend));
        Close.AssertAll(what, expected, actual, tolerance);
    }

    private static float[] Fetch(IComputeBackend from, Matrix x)
    {
        float[] values = new float[x.Length];
        from.Download(x, values);
        x.Dispose();
        return values;
    }

    /// <inheritdoc/>
    public unsafe void Dispose()
    {
        backend?.Dispose();
        oracle.Dispose();
        foreach (nint block in memory) NativeMemory.AlignedFree((void*)block);
        GC.SuppressFinalize(this);
    }
}
