using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product for decoding, a few rows of activations: every weight is read once from memory, by
/// <see cref="Gemv{V, F}"/> or <see cref="IntegerGemv{V, Q}"/>. Threads take the rows of the parameter in chunks that are large enough to
/// stream and small enough to balance; a chunk's results get their epilogue while they are in the cache.
/// </summary>
internal unsafe struct FewRowsProduct<V, G> : IJob where V : struct, ISimd<V> where G : struct, IGemv<G>
{
    // A multiple of the rows that each kernel takes at a time: 3, 4 and 8.
    private const int ChunkStep = 24, LargestChunk = 10 * ChunkStep, ChunkBytes = 1 << 18;

    private G x;
    private HostMatrix y;
    private WeightRows weight, up;
    private Epilogue epilogue;
    private float* scratch; // [threads, T, chunk], the up half of a gated layer
    private long scratchStride;
    private int chunk, threads;

    public static void Run(CpuContext context, HostMatrix x, WeightRows weight, WeightRows up, in Epilogue epilogue, HostMatrix y)
    {
        int rows = y.Columns;
        long rowBytes = Math.Max(weight.Format.RowBytes(x.Columns), 1);
        int chunk = (int)Math.Clamp(ChunkBytes / rowBytes, ChunkStep, LargestChunk);
        chunk = Math.Max(ChunkStep, Math.Min(chunk, rows / (4 * context.Team.Count)) / ChunkStep * ChunkStep);
        var job = new FewRowsProduct<V, G>
        {
            x = G.Prepare(context, x),
            y = y,
            weight = weight,
            up = up,
            epilogue = epilogue,
            chunk = chunk,
            threads = context.Team.Count,
        };
        if (up.HasValue) job.scratch = context.PerThread((long)x.Rows * chunk, out job.scratchStride);
        context.Team.Run(job, (rows + chunk - 1) / chunk);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Execute(int item, int worker)
    {
        int first = item * chunk, rows = Math.Min(chunk, y.Columns - first);
        float* target = y.Data + first;
        WeightRows next = Next(first);
        x.Multiply(weight.From(first), rows, up.HasValue ? up.From(first) : next, target, y.Columns);
        if (!up.HasValue)
        {
            for (int t = 0; t < y.Rows; t++) epilogue.Apply<V>(target + (nint)t * y.Columns, t, first, rows);
            return;
        }
        float* upper = scratch + worker * scratchStride;
        x.Multiply(up.From(first), rows, next, upper, chunk);
        for (int t = 0; t < y.Rows; t++)
            GegluMap<V>.Run(target + (nint)t * y.Columns, upper + (nint)t * chunk, target + (nint)t * y.Columns, rows);
    }

    // The chunk that this thread probably takes after the one that starts at a row: threads mostly take turns.
    private readonly WeightRows Next(int first)
    {
        int after = first + threads * chunk;
        return after + chunk <= y.Columns ? weight.From(after) : default;
    }
}
