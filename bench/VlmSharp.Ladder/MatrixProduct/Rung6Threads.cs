namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 6, threads. The work of rung 5 falls into independent items already: panels to pack, then blocks of 96 outputs, of which each
/// writes columns of y that no other touches. Each thread has block and sums of its own in its own second-level cache; the packed x
/// is shared and only read. The results are those of rung 5 to the last bit, since each sum is added in the same order.
/// </summary>
/// <remarks>
/// There must be more items than threads: a core that is slower, or busy with something else, then takes fewer of them. The
/// library's own kernel goes on from here: registers twice as wide where there are any, weights stored in bf16 and widened block by
/// block, the next block asked for ahead of time, and a team of threads that waits for work without going to sleep.
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
