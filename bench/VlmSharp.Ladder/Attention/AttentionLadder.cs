namespace VlmSharp.Ladder.Attention;

/// <summary>The rungs of attention, from the equation upwards.</summary>
public static unsafe class AttentionLadder
{
    /// <summary>y = softmax(scale Q K^T) V for one head; all four matrices are [Tokens, HeadDim].</summary>
    public delegate void OneHead(float* q, float* k, float* v, float* y, AttentionShape shape);

    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<(string Name, OneHead Attend)> Rungs { get; } =
    [
        ("the equation, all scores", Rung1ScoreMatrix.Attend),
        ("a row at a time, safe softmax", Rung2RowByRow.Attend),
        ("the running softmax", Rung3RunningSoftmax.Attend),
        ("tiles", Rung4Tiles.Attend),
        ("softmax on vectors", Rung5VectorSoftmax.Attend),
        ("threads", Rung6Threads.Attend),
    ];
}
