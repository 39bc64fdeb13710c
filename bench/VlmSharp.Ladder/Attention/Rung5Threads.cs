namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 5, threads: blocks of 96 queries are independent of each other, and so are the heads. The packed keys and values are shared and
/// only read; scores and sums are each thread's own. The results are those of rung 4 to the last bit.
/// </summary>
/// <remarks>
/// The library's own kernel goes on from here: the rows of a block are the queries of all heads that share a head of keys, exp is a power
/// of two whose factor hides in the scale, a single query (decode) reads keys where they lie, and a long cache is cut into pieces whose
/// results are joined: the exercise of the page.
/// </remarks>
public static unsafe class Rung5Threads
{
    /// <summary>y = softmax(scale Q K^T) V.</summary>
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        using var packed = new Scratch(Rung4Tiles.PanelFloats(shape));
        float* panels = packed.Floats;
        Rung4Tiles.Pack(k, v, shape, panels);
        Parallel.For(
            0, Rung4Tiles.Blocks(shape),
            () => new Scratch(Rung4Tiles.BlockFloats(shape)), // for each thread
            (block, _, own) =>
            {
                Rung4Tiles.AttendBlock(q, panels, y, shape, block, own.Floats);
                return own;
            },
            own => own.Dispose());
    }
}
