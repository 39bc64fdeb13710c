using ILGPU;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>Brings a panel of a matrix, some rows of one step, to shared memory. A thread has up to two eights of it.</summary>
internal static class Panel<TCore, TFormat>
    where TCore : struct, ICore
    where TFormat : struct, INumberFormat
{
    private const int Threads = 256;

    private static bool IsCopied => TFormat.IsBFloat16 && TCore.MultipliesBFloat16;

    /// <summary>Starts the copies, or the loads. Rows and numbers that do not exist are zeros.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="firstRow">The panel's first.</param>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="step">Which step of the depth.</param>
    /// <param name="panel">The panel's first chunk in shared memory.</param>
    public static Pieces Start(in Operand matrix, int firstRow, int rows, int step, int panel)
    {
        Pieces pieces = default;
        pieces.First = StartOne(matrix, firstRow, rows, step, panel, Group.IdxX);
        if (rows * TCore.StepEights > Threads) pieces.Second = StartOne(matrix, firstRow, rows, step, panel, Group.IdxX + Threads);
        return pieces;
    }

    /// <summary>Writes what was loaded.</summary>
    public static void Finish(ArrayView<F4> memory, in Pieces pieces, int rows, int panel)
    {
        if (IsCopied) return;
        FinishOne(memory, pieces.First, rows, panel, Group.IdxX);
        if (rows * TCore.StepEights > Threads) FinishOne(memory, pieces.Second, rows, panel, Group.IdxX + Threads);
    }

    private static Piece StartOne(in Operand matrix, int firstRow, int rows, int step, int panel, int i)
    {
        Piece piece = default;
        if (i >= rows * TCore.StepEights) return piece;
        int row = i / TCore.StepEights, eight = i % TCore.StepEights, place = step * TCore.StepEights + eight, from = firstRow + row;
        bool inside = from < matrix.Rows && place < matrix.RowChunks * TFormat.ChunkEights;
        long chunk = inside ? matrix.RowStart(from) + place / TFormat.ChunkEights : 0;
        if (IsCopied)
        {
            TCore.Copy(panel, row, eight, matrix.Address + chunk * 16, inside);
            return piece;
        }

        if (!inside) return piece;
        piece.Place = place % TFormat.ChunkEights;
        piece.Chunk = TFormat.Load(matrix, chunk);
        piece.Scale = TFormat.Scale(matrix, chunk);
        return piece;
    }

    // A piece that was not loaded has a scale of 0 and numbers of 0 or, in 4 bits, -8.
    private static void FinishOne(ArrayView<F4> memory, in Piece piece, int rows, int panel, int i)
    {
        if (i >= rows * TCore.StepEights) return;
        int row = i / TCore.StepEights, eight = i % TCore.StepEights;
        TCore.Put(memory, panel, rows, row, eight, TFormat.Eight(piece.Chunk, piece.Place).Times(piece.Scale));
    }
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
    public int Place; // of the eight in the chunk
    public float Scale;
}
