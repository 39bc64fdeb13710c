namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 6, threads: blocks of 96 queries are independent of each other, and so are the heads. The packed keys and values are shared and
/// only read; scores and sums are each thread's own. The results are those of rung 5 to the last bit.
/// </summary>
/// <remarks>
/// The library's own kernel goes on from here: the rows of a block are the queries of all heads that share a head of keys, exp is a power
/// of two whose factor hides in the scale, a single query (decode) reads keys where they lie, and a long cache is cut into pieces whose
/// results are joined: the exercise of the page.
/// </remarks>
public static unsafe class Rung6Threads
{
    /// <summary>y = softmax(scale Q K^T) V.</summary>
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        using var packed = new PackedKeyValues(k, v, shape);
        Parallel.For(
            0, (shape.Tokens + QueryBlock.Most - 1) / QueryBlock.Most,
            () => new Scratch(QueryBlock.Floats(shape)), // for each thread
            (block, _, own) =>
            {
                var queries = new QueryBlock(shape, block * QueryBlock.Most, own.Floats);
                Rung4Tiles.AttendBlock(q, packed, y, queries, Rung5VectorSoftmax.Weigh);
                return own;
            },
            own => own.Dispose());
    }
}
