namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 6, threads. The work of rung 5 already consists of independent items: panels to pack, then blocks of 96 outputs. Each block
/// writes its own columns of y. Each thread has its own block and sums in its own second-level cache; all threads read the packed x.
/// The results equal those of rung 5 to the last bit, since each sum is added in the same order.
/// </summary>
/// <remarks>
/// There must be more items than threads: then a core that is slower, or busy with something else, takes fewer of them. The
/// library's kernel adds: registers twice as wide if the processor has them, weights in bf16 that are widened block by block, the next
/// block prefetched, and a team of threads that waits for work without going to sleep.
/// </remarks>
public static unsafe class Rung6Threads
{
    /// <summary>y = x W^T.</summary>
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        using var packed = new Scratch(Rung5CacheBlocks.PackedFloats(shape));
        float* panels = packed.Floats;
        for (int t = 0; t < shape.Rows; t += Rung5CacheBlocks.MostRows)
        {
            ProductShape part = Rung5CacheBlocks.Part(shape, t);
            float* xPart = x + (nint)t * shape.Inputs, yPart = y + (nint)t * shape.Outputs;
            Parallel.For(0, Rung5CacheBlocks.Panels(part), panel => Rung5CacheBlocks.Pack(xPart, part, panel, panels));
            Parallel.For(
                0, Rung5CacheBlocks.OutputBlocks(part),
                () => new Scratch(Rung5CacheBlocks.BlockFloats(part)), // for each thread
                (block, _, own) =>
                {
                    Rung5CacheBlocks.MultiplyBlock(panels, w, yPart, part, block, own.Floats);
                    return own;
                },
                own => own.Dispose());
        }
    }
}
