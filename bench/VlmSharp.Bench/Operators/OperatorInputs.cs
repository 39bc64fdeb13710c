using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu;

namespace VlmSharp.Bench.Operators;

/// <summary>
/// Makes and frees arguments of operators on a backend. Every backend gets the same numbers if they are made in the same order.
/// </summary>
/// <param name="backend">The backend on which they are made.</param>
/// <param name="rotatedBytes">The memory of the copies of a weight that calls use in turns: more than the caches to measure, 0
/// to check.</param>
internal sealed unsafe class OperatorInputs(IComputeBackend backend, long rotatedBytes) : IDisposable
{
    private const int Period = 65521; // a prime, so that the rows of a weight differ

    private readonly Random random = new(7);
    private readonly List<IDisposable> owned = [];
    private readonly List<nint> memory = [];

    /// <summary>The backend that runs the operators.</summary>
    public IComputeBackend Backend => backend;

    /// <summary>Numbers from -1 to 1.</summary>
    public Matrix Numbers(int rows, int columns)
    {
        float[] values = new float[(long)rows * columns];
        for (int i = 0; i < values.Length; i++) values[i] = 2 * random.NextSingle() - 1;
        return Own(backend.Upload(values, rows, columns));
    }

    /// <summary>Row numbers or tokens.</summary>
    public Indices Places(IEnumerable<int> values) => Own(backend.Upload([.. values]));

    /// <summary>A parameter whose products with numbers from -1 to 1 are of about that size too.</summary>
    public Weight Weight(DType format, int rows, int columns) =>
        Own(backend.LoadWeight(Data(format, rows, columns, rows == 1 ? 0.1 : Math.Sqrt(3.0 / columns))));

    /// <summary>Makes the copies of a parameter that calls use in turns. Each call of the result gives the next copy.</summary>
    public Func<Weight> Ring(DType format, int rows, int columns)
    {
        long bytes = format.ByteLength(rows, columns);
        Weight[] copies = [.. Enumerable.Range(0, (int)(rotatedBytes / bytes) + 1).Select(_ => Weight(format, rows, columns))];
        int next = 0;
        return () => copies[next++ % copies.Length];
    }

    /// <summary>A cache with room for one more step.</summary>
    public KvCache Cache(OperatorSizes s) => Own(backend.CreateKvCache(1, s.KvHeads * s.HeadDim, s.Context + (s.IsDecode ? 1 : s.Rows)));

    /// <summary>The step of the given sizes. The caches hold the keys and values of earlier tokens and of the step itself.</summary>
    public StepTable CachedStep(OperatorSizes s)
    {
        int sequences = s.IsDecode ? s.Rows : 1, width = s.KvHeads * s.HeadDim;
        KvCache[] caches = [.. Enumerable.Range(0, sequences).Select(_ => Cache(s))];
        foreach (KvCache cache in caches.Where(_ => s.IsDecode))
        {
            var past = new SequenceBatch();
            past.Add(s.Context, s.Context, cache);
            Matrix before = Numbers(s.Context, width);
            backend.AppendKeyValues(before, before, backend.Prepare(past), 0);
            past.Advance();
        }

        var batch = new SequenceBatch();
        foreach (KvCache cache in caches) batch.Add(s.IsDecode ? 1 : s.Rows, s.IsDecode ? s.Context : s.Rows, cache);
        StepTable step = backend.Prepare(batch);
        backend.AppendKeyValues(Numbers(s.Rows, width), Numbers(s.Rows, width), step, 0);
        return step;
    }

    /// <summary>Waits until all queued work is done.</summary>
    public void Wait()
    {
        if (backend is GpuBackend gpu) gpu.Device.Wait();
    }

    /// <summary>Returns the numbers of a matrix and frees it.</summary>
    public float[] Fetch(Matrix x)
    {
        if (!x.HasValue) return [];
        float[] values = new float[x.Length];
        backend.Download(x, values);
        x.Dispose();
        return values;
    }

    public T Own<T>(T made) where T : IDisposable
    {
        owned.Add(made);
        return made;
    }

    private WeightData Data(DType format, int rows, int columns, double scale)
    {
        long bytes = format.ByteLength(rows, columns), elements = rows * format.RowBytes(columns);
        byte* data = (byte*)NativeMemory.AlignedAlloc((nuint)bytes + 64, 64);
        memory.Add((nint)data);
        if (format == DType.F32) Fill((float*)data, elements / 4, () => (float)(scale * (2 * random.NextDouble() - 1)));
        else if (format == DType.BF16)
            Fill((ushort*)data, elements / 2, () => BFloat16.FromSingle((float)(scale * (2 * random.NextDouble() - 1))));
        else
        {
            Fill(data, elements, () => (byte)(random.Next(1, 8) + 16 * random.Next(1, 8))); // int8: 17 to 119; int4: 1 to 7 each
            double step = scale / (format == DType.Int8 ? 127 : 7);
            Fill(
                (ushort*)(data + elements),
                (bytes - elements) / 2,
                () => BFloat16.FromSingle((float)(step * (random.Next(2) * 2 - 1) * (0.5 + random.NextDouble() / 2))));
        }

        return new WeightData("w", format, rows, columns, (nint)data, this, format.IsQuantized() ? (nint)(data + elements) : 0);
    }

    /// <summary>Makes random numbers once and repeats them.</summary>
    private static void Fill<T>(T* target, long count, Func<T> next) where T : unmanaged
    {
        for (long i = 0; i < Math.Min(Period, count); i++) target[i] = next();
        for (long i = Period; i < count; i += Period)
            Buffer.MemoryCopy(target, target + i, (count - i) * sizeof(T), Math.Min(Period, count - i) * sizeof(T));
    }

    public void Dispose()
    {
        Wait();
        for (int i = owned.Count - 1; i >= 0; i--) owned[i].Dispose();
        foreach (nint block in memory) NativeMemory.AlignedFree((void*)block);
    }
}
