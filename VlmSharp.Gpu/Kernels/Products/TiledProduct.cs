using ILGPU;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Y = X W^T for many rows of x, or X W, or X^T W, by tiles in shared memory. Grid: tiles along the rows, tiles along the columns, parts of
/// the depth. Consecutive groups have the same columns, so that they find the weights in the cache.
/// </summary>
/// <remarks>
/// A ring of stages: while one is multiplied, the next are being loaded. bf16 for tensor cores is copied asynchronously; everything else is
/// loaded to registers before a multiplication and written to shared memory after it.
/// </remarks>
internal static class TiledProduct<TCore, TForm, TTile, TFormat>
    where TCore : struct, ICore
    where TForm : struct, IProductForm
    where TTile : struct, ITile
    where TFormat : struct, INumberFormat
{
    public const int Threads = 256;

    public static readonly Kernel<TiledArgs> Kernel = new($"{TForm.Name} of {TTile.Rows} rows, {typeof(TFormat).Name}", Run, Threads);

    private static int PanelChunksOfX => TCore.PanelChunks(TTile.Rows, TForm.IsXAcross);

    private static int StageChunks => PanelChunksOfX + TCore.PanelChunks(TCore.TileColumns, TForm.IsWAcross);

    /// <summary>Bytes of shared memory requested at launch.</summary>
    public static int SharedBytes => TCore.MultipliesBFloat16 ? 16 * Math.Max(TCore.Stages * StageChunks, TTile.Rows * TCore.SumPitch) : 0;

    private static void Run(TiledArgs g)
    {
        ArrayView<F4> memory = TCore.TileMemory<TTile>();
        ThreadSums sums = TCore.Begin<TTile, TForm>();
        int first = Grid.IdxZ * g.PartSteps, steps = IntrinsicMath.Min(g.PartSteps, g.Steps - first);
        Share shareOfX = Panel<TCore, ActivationFormat<TCore>>.Find(g.X, Grid.IdxX * TTile.Rows, TTile.Rows, TForm.IsXAcross);
        Share shareOfW = Panel<TCore, TFormat>.Find(g.W, Grid.IdxY * TCore.TileColumns, TCore.TileColumns, TForm.IsWAcross);
        for (int s = 0; s < TCore.Stages - 1; s++)
        {
            if (s < steps)
            {
                Pieces x = StartX(g, shareOfX, first + s, s * StageChunks), w = StartW(g, shareOfW, first + s, s * StageChunks);
                FinishX(g, memory, shareOfX, x, s * StageChunks);
                FinishW(g, memory, shareOfW, w, s * StageChunks);
            }

            TCore.CloseStage();
        }

        for (int s = 0; s < steps; s++)
        {
            TCore.WaitForStage();
            Group.Barrier(); // the stage is complete for all; the one before is free
            int ahead = s + TCore.Stages - 1, at = InRing(s), atAhead = InRing(ahead);
            Pieces x = default, w = default;
            if (ahead < steps)
            {
                x = StartX(g, shareOfX, first + ahead, atAhead);
                w = StartW(g, shareOfW, first + ahead, atAhead);
            }

            TCore.CloseStage();
            sums = TCore.Multiply<TTile, TForm>(memory, at, sums);
            if (ahead < steps)
            {
                FinishX(g, memory, shareOfX, x, atAhead);
                FinishW(g, memory, shareOfW, w, atAhead);
            }
        }

        Group.Barrier();
        TCore.Store<TTile>(memory, sums);
        Group.Barrier();
        Finish(g, memory);
    }

    private static int InRing(int step) => (step & (TCore.Stages - 1)) * StageChunks; // there are 2 or 4 stages

    private static Pieces StartX(in TiledArgs g, in Share share, int step, int stage) =>
        Panel<TCore, ActivationFormat<TCore>>.Start(g.X, share, TTile.Rows, TForm.IsXAcross, step, stage);

    private static Pieces StartW(in TiledArgs g, in Share share, int step, int stage) =>
        Panel<TCore, TFormat>.Start(g.W, share, TCore.TileColumns, TForm.IsWAcross, step, stage + PanelChunksOfX);

    private static void FinishX(in TiledArgs g, ArrayView<F4> memory, in Share share, in Pieces pieces, int stage) =>
        Panel<TCore, ActivationFormat<TCore>>.Finish(g.X, memory, share, pieces, TTile.Rows, TForm.IsXAcross, stage);

    private static void FinishW(in TiledArgs g, ArrayView<F4> memory, in Share share, in Pieces pieces, int stage) =>
        Panel<TCore, TFormat>.Finish(g.W, memory, share, pieces, TCore.TileColumns, TForm.IsWAcross, stage + PanelChunksOfX);

    /// <summary>Writes the tile of sums to y, or to this part's sums, four numbers at a time.</summary>
    private static void Finish(in TiledArgs g, ArrayView<F4> tile)
    {
        int foursAcross = TCore.TileColumns / 4;
        for (int i = Group.IdxX; i < TTile.Rows * foursAcross; i += Threads)
        {
            int inTile = i / foursAcross, across = i % foursAcross;
            int row = Grid.IdxX * TTile.Rows + inTile, column = Grid.IdxY * TCore.TileColumns + across * 4;
            if (row >= g.Rows) continue;
            F4 sums = tile[inTile * TCore.SumPitch + across];
            if (g.Parts.Length == 0) g.Epilogue.FinishFour(row, column, sums);
            else SetPart(g, ((long)Grid.IdxZ * g.Rows + row) * g.Epilogue.Columns, column, sums);
        }
    }

    private static void SetPart(in TiledArgs g, long row, int column, F4 sums)
    {
        if (column < g.Epilogue.Columns) g.Parts[row + column] = sums.X;
        if (column + 1 < g.Epilogue.Columns) g.Parts[row + column + 1] = sums.Y;
        if (column + 2 < g.Epilogue.Columns) g.Parts[row + column + 2] = sums.Z;
        if (column + 3 < g.Epilogue.Columns) g.Parts[row + column + 3] = sums.W;
    }
}

/// <summary>Arguments of a product by tiles.</summary>
internal struct TiledArgs
{
    public Operand X, W; // [T, in], [out, in]; if across: [in, T], [in, out]
    public int Rows; // T
    public int Steps, PartSteps; // steps along the depth; steps of one part
    public ArrayView<float> Parts; // [parts, T, columns]; empty if there is one part
    public Epilogue Epilogue;
}
