using ILGPU;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Copies a panel of a matrix, some rows of one step, to shared memory. If the matrix lies across, the panel is some columns, and the step
/// is some rows. A thread copies up to two eights, at the same places in the panel in every step.
/// </summary>
internal static class Panel<TCore, TFormat>
    where TCore : struct, ICore
    where TFormat : struct, INumberFormat
{
    private const int Threads = 256;

    private static bool IsCopied => TFormat.IsBFloat16 && TCore.MultipliesBFloat16;

    /// <summary>Finds this thread's share.</summary>
    /// <param name="matrix">The operand that the panel is a part of.</param>
    /// <param name="firstRow">The panel's first row.</param>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="isAcross">Whether the matrix lies across.</param>
    public static Share Find(in Operand matrix, int firstRow, int rows, bool isAcross)
    {
        Share share = default;
        share.First = FindOne(matrix, firstRow, rows, isAcross, Group.IdxX);
        if (IsTwo(rows)) share.Second = FindOne(matrix, firstRow, rows, isAcross, Group.IdxX + Threads);
        return share;
    }

    /// <summary>Starts the copies, or the loads. Rows and numbers that do not exist become zeros.</summary>
    /// <param name="matrix">The operand that the panel is a part of.</param>
    /// <param name="share">This thread's share.</param>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="isAcross">Whether the matrix lies across.</param>
    /// <param name="step">Which step of the depth.</param>
    /// <param name="panel">The panel's first chunk in shared memory.</param>
    public static Pieces Start(in Operand matrix, in Share share, int rows, bool isAcross, int step, int panel)
    {
        Pieces pieces = default;
        if (IsBrought(rows)) pieces.First = StartOne(matrix, share.First, isAcross, step, panel);
        if (IsTwo(rows)) pieces.Second = StartOne(matrix, share.Second, isAcross, step, panel);
        return pieces;
    }

    /// <summary>Writes the loaded numbers to the panel.</summary>
    public static void Finish(
        in Operand matrix, ArrayView<F4> memory, in Share share, in Pieces pieces, int rows, bool isAcross, int panel)
    {
        if (IsCopied) return;
        if (IsBrought(rows)) FinishOne(matrix, memory, share.First, pieces.First, rows, isAcross, panel);
        if (IsTwo(rows)) FinishOne(matrix, memory, share.Second, pieces.Second, rows, isAcross, panel);
    }

    private static bool IsTwo(int rows) => rows * TCore.StepEights > Threads;

    private static bool IsBrought(int rows) => rows * TCore.StepEights >= Threads || Group.IdxX < rows * TCore.StepEights;

    private static Line FindOne(in Operand matrix, int firstRow, int rows, bool isAcross, int i) =>
        isAcross ? FindAcross(matrix, firstRow, rows, i) : FindAlong(matrix, firstRow, rows, i);

    private static Line FindAlong(in Operand matrix, int firstRow, int rows, int i)
    {
        int row = i / TCore.StepEights, eight = i % TCore.StepEights, from = firstRow + row;
        bool inside = row < rows && from < matrix.Rows;
        return new Line
        {
            Start = inside ? matrix.RowStart(from) : 0,
            First = eight,
            End = inside ? matrix.RowChunks * TFormat.ChunkEights : 0,
            Place = TCore.Place(rows, row, eight),
        };
    }

    private static Line FindAcross(in Operand matrix, int firstRow, int rows, int i)
    {
        int depth = i / (rows / 8), eight = i % (rows / 8), from = firstRow / 8 + eight;
        return new Line
        {
            Start = from,
            First = depth,
            End = from < matrix.RowChunks * TFormat.ChunkEights ? matrix.Rows : 0,
            Place = TCore.PlaceAcross(rows, depth, eight),
        };
    }

    private static Piece StartOne(in Operand matrix, in Line line, bool isAcross, int step, int panel)
    {
        Piece piece = default;
        int at = step * TCore.StepEights * (isAcross ? 8 : 1) + line.First, eight = isAcross ? (int)line.Start : at;
        bool inside = at < line.End;
        long row = isAcross ? matrix.RowStart(inside ? at : 0) : line.Start, chunk = row + eight / TFormat.ChunkEights;
        if (IsCopied)
        {
            TCore.Copy(panel, line.Place, matrix.Address + chunk * 16, inside);
            return piece;
        }

        if (!inside) return piece;
        piece.EightOfChunk = eight % TFormat.ChunkEights;
        piece.Chunk = TFormat.Load(matrix, chunk);
        piece.Scale = TFormat.Scale(matrix, chunk);
        return piece;
    }

    // A piece that was not loaded has a scale of 0 and numbers of 0 or, in 4 bits, -8.
    private static void FinishOne(
        in Operand matrix, ArrayView<F4> memory, in Line line, in Piece piece, int rows, bool isAcross, int panel) =>
        TCore.Put(memory, panel, rows, line.Place, isAcross, TFormat.Eight(matrix, piece.Chunk, piece.EightOfChunk).Times(piece.Scale));
}

/// <summary>A thread's share of a panel.</summary>
internal struct Share
{
    public Line First, Second;
}

/// <summary>An eight of each step: of one row, or, if the matrix lies across, of one eight of columns.</summary>
internal struct Line
{
    public long Start; // the row's first chunk; if across: the eight
    public int First, End; // of the first step, and the end (0 if nothing exists): eights of the row; if across: rows
    public int Place; // in the panel
}

/// <summary>A thread's part of a panel on its way from device memory to shared memory.</summary>
internal struct Pieces
{
    public Piece First, Second;
}

/// <summary>An eight in the chunk that it was loaded with.</summary>
internal struct Piece
{
    public U8 Chunk;
    public int EightOfChunk;
    public float Scale;
}
