using ILGPU;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Y = X W^T for many rows of x, by tiles in shared memory. Grid: tiles along the rows, tiles along the columns, parts of the depth. Groups that follow one another have the same
/// columns, so that they find the weights in the cache.
/// </summary>
/// <remarks>
/// A ring of stages: while one is multiplied, the next are on their way. bf16 for tensor cores is copied asynchronously; all else is loaded to registers before a multiplication and
/// written to shared memory behind it.
/// </remarks>
internal static class TiledProduct<TCore, TTile, TFormat>
    where TCore : struct, ICore
    where TTile : struct, ITile
    where TFormat : struct, INumberFormat
{
    public const int Threads = 256;

    public static readonly Kernel<TiledArgs> Kernel = new($"product of {TTile.Rows} rows, {typeof(TFormat).Name}", Run, Threads);

    private static int PanelChunksOfX => TTile.Rows * 4;

    private static int StageChunks => (TTile.Rows + TCore.TileColumns) * 4;

    /// <summary>Bytes of shared memory that are asked for at launch.</summary>
    public static int SharedBytes => TCore.MultipliesBFloat16 ? 16 * Math.Max(TCore.Stages * StageChunks, TTile.Rows * TCore.SumPitch) : 0;

    private static void Run(TiledArgs g)
    {
        ArrayView<F4> memory = TCore.TileMemory<TTile>();
        ThreadSums sums = TCore.Begin<TTile>();
        int first = Grid.IdxZ * g.PartSteps, steps = IntrinsicMath.Min(g.PartSteps, g.Steps - first);
        for (int s = 0; s < TCore.Stages - 1; s++)
        {
            if (s < steps)
            {
                Pieces x = StartX(g, first + s, s * StageChunks), w = StartW(g, first + s, s * StageChunks);
                FinishX(memory, x, s * StageChunks);
                FinishW(memory, w, s * StageChunks);
            }

            TCore.CloseStage();
        }

        for (int s = 0; s < steps; s++)
        {
            TCore.WaitForStage();
            Group.Barrier(); // the stage is there for all; the one before is free
            int ahead = s + TCore.Stages - 1, at = s % TCore.Stages * StageChunks, atAhead = ahead % TCore.Stages * StageChunks;
            Pieces x = default, w = default;
            if (ahead < steps)
            {
                x = StartX(g, first + ahead, atAhead);
                w = StartW(g, first + ahead, atAhead);
            }

            TCore.CloseStage();
            sums = TCore.Multiply<TTile>(memory, at, sums);
            if (ahead < steps)
            {
                FinishX(memory, x, atAhead);
                FinishW(memory, w, atAhead);
            }
        }

        Group.Barrier();
        TCore.Store<TTile>(memory, sums);
        Group.Barrier();
        Finish(g, memory.Cast<float>());
    }

    private static Pieces StartX(in TiledArgs g, int step, int stage) =>
        Panel<TCore, ActivationFormat<TCore>>.Start(g.X, Grid.IdxX * TTile.Rows, TTile.Rows, step, stage);

    private static Pieces StartW(in TiledArgs g, int step, int stage) =>
        Panel<TCore, TFormat>.Start(g.W, Grid.IdxY * TCore.TileColumns, TCore.TileColumns, step, stage + PanelChunksOfX);

    private static void FinishX(ArrayView<F4> memory, in Pieces pieces, int stage) =>
        Panel<TCore, ActivationFormat<TCore>>.Finish(memory, pieces, TTile.Rows, stage);

    private static void FinishW(ArrayView<F4> memory, in Pieces pieces, int stage) =>
        Panel<TCore, TFormat>.Finish(memory, pieces, TCore.TileColumns, stage + PanelChunksOfX);

    /// <summary>From the tile of sums to y, or to this part's sums.</summary>
    private static void Finish(in TiledArgs g, ArrayView<float> tile)
    {
        for (int i = Group.IdxX; i < TTile.Rows * TCore.TileColumns; i += Threads)
        {
            int inTile = i / TCore.TileColumns, across = i % TCore.TileColumns;
            int row = Grid.IdxX * TTile.Rows + inTile, column = Grid.IdxY * TCore.TileColumns + across;
            if (row >= g.X.Rows) continue;
            float sum = tile[inTile * TCore.SumPitch * 4 + across];
            if (g.Parts.Length == 0) g.Epilogue.Finish(row, column, sum);
            else if (column < g.W.Rows) g.Parts[((long)Grid.IdxZ * g.X.Rows + row) * g.W.Rows + column] = sum;
        }
    }
}

/// <summary>Arguments of a product by tiles.</summary>
internal struct TiledArgs
{
    public Operand X, W; // [T, in], [out, in]
    public int Steps, PartSteps; // along the depth; of one part
    public ArrayView<float> Parts; // [parts, T, columns]; empty where there is one part
    public Epilogue Epilogue;
}
