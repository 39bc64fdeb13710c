namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 7, threads. The work of rung 6 already consists of independent items: panels to pack, then blocks of 96 outputs. Each block
/// writes its own columns of y. Each thread has its own block and sums in its own second-level cache; all threads read the packed x.
/// The results equal those of rung 6 to the last bit, since each sum is added in the same order.
/// </summary>
/// <remarks>
/// There must be more items than threads: then a core that is slower, or busy with something else, takes fewer of them. The
/// library's kernel adds: registers twice as wide if the processor has them, weights in bf16 that are widened block by block, the next
/// block prefetched, and a team of threads that waits for work without going to sleep.
/// </remarks>
public static unsafe class Rung7Threads
{
    /// <summary>y = x W^T.</summary>
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        const int MostRows = Rung6OutputBlocks.MostRows, OutputBlock = Rung6OutputBlocks.OutputBlock;
        using var packed = new PackedRows(Math.Min(MostRows, shape.Rows), shape.Inputs);
        for (int t = 0; t < shape.Rows; t += MostRows)
        {
            ProductShape part = shape with { Rows = Math.Min(MostRows, shape.Rows - t) };
            float* xPart = x + (nint)t * shape.Inputs, yPart = y + (nint)t * shape.Outputs;
            Parallel.For(0, Panels.Count(part.Rows), panel => packed.Pack(xPart, part.Rows, panel));
            Parallel.For(
                0, (shape.Outputs + OutputBlock - 1) / OutputBlock,
                () => new Scratch(Rung6OutputBlocks.BlockFloats), // for each thread
                (block, _, own) =>
                {
                    Rung6OutputBlocks.MultiplyBlock(packed, w, yPart, part, block * OutputBlock, own.Floats);
                    return own;
                },
                own => own.Dispose());
        }
    }
}
