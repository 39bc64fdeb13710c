using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Sixteen rows of one head in shared memory, and their inner products with a row of the other side; shared by the attention gradient
/// kernels. A group of 128 threads processes 64 rows of the other side at a time. A thread has one of them and eight of the sixteen.
/// </summary>
internal static class GradientTile
{
    public const int Owned = 16, Others = 64, Threads = 128, MostHeadDim = 2 * Threads;

    /// <summary>Chunks of four features from one row to the next.</summary>
    public const int RowChunks = MostHeadDim / 4;

    /// <summary>Chunks in a tile.</summary>
    public const int Chunks = Owned * RowChunks;

    /// <summary>This thread's row of the other side.</summary>
    public static int Other => Group.IdxX & (Others - 1);

    /// <summary>The first of this thread's eight owned rows.</summary>
    public static int FirstOwned => Group.IdxX / Others * 8;

    /// <summary>Copies rows to the tile, with zeros past the head and past the last row.</summary>
    /// <param name="tile">Shared memory of the group.</param>
    /// <param name="x">fp32 in device memory, rows <paramref name="pitch"/> numbers apart.</param>
    /// <param name="start">The index where the head begins in the first row.</param>
    /// <param name="pitch">Numbers from one row to the next.</param>
    /// <param name="rows">The number of rows that exist.</param>
    /// <param name="headDim">D.</param>
    public static void Stage(ArrayView<F4> tile, ArrayView<float> x, long start, int pitch, int rows, int headDim)
    {
        int padded = (headDim + 7) / 8 * 8;
        ArrayView<float> numbers = tile.Cast<float>();
        for (int i = Group.IdxX; i < Owned * padded; i += Threads)
        {
            int row = i / padded, d = i - row * padded;
            numbers[row * MostHeadDim + d] = row < rows && d < headDim ? x[start + (long)row * pitch + d] : 0;
        }
    }

    /// <summary>The inner products of a row of the other side with this thread's eight owned rows.</summary>
    /// <param name="g">The head sizes.</param>
    /// <param name="tile">The owned rows.</param>
    /// <param name="x">The other side's matrix.</param>
    /// <param name="at">The index where the head begins in its row.</param>
    public static F8 Dots(in GradientArgs g, ArrayView<F4> tile, ArrayView<float> x, long at)
    {
        F8 dots = default;
        for (int c = 0; c < g.HeadEights; c++)
        {
            F8 other = Eights.Load(x, at + c * 8, g.HeadDim - c * 8, g.IsAligned);
            int own = FirstOwned * RowChunks + c * 2;
            dots.A += Eights.Dot(other, Eights.Load(tile, own));
            dots.B += Eights.Dot(other, Eights.Load(tile, own + RowChunks));
            dots.C += Eights.Dot(other, Eights.Load(tile, own + 2 * RowChunks));
            dots.D += Eights.Dot(other, Eights.Load(tile, own + 3 * RowChunks));
            dots.E += Eights.Dot(other, Eights.Load(tile, own + 4 * RowChunks));
            dots.F += Eights.Dot(other, Eights.Load(tile, own + 5 * RowChunks));
            dots.G += Eights.Dot(other, Eights.Load(tile, own + 6 * RowChunks));
            dots.H += Eights.Dot(other, Eights.Load(tile, own + 7 * RowChunks));
        }

        return dots;
    }

    /// <summary>Whether query i sees key j; both are positions in the sequence.</summary>
    public static bool Sees(in StepSequence sequence, int i, int j, int window) =>
        j >= sequence.VisibleStart(i, window) && j < sequence.VisibleEnd(i);
}
