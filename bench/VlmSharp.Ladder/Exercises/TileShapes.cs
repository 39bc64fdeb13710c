namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>VlmSharp.Cpu/Kernels/Products/MatMul.md</c>, first part. A tile of r rows and c registers of columns has
/// r c sums, and takes r broadcasts and c loads for r c multiply-adds; r c + c + 1 registers must be there.
/// </summary>
public static class TileShapes
{
    /// <summary>The tile that loads least for its work; of equals the one with fewer columns.</summary>
    /// <param name="registers">16 with AVX2, 32 with AVX-512 and NEON.</param>
    /// <returns>Rows, registers of columns, and multiply-adds for each load.</returns>
    public static (int Rows, int Columns, double Ratio) FewestLoads(int registers)
    {
        (int Rows, int Columns, double Ratio) best = default;
        for (int columns = 1; 2 * columns + 1 <= registers; columns++)
        {
            int rows = (registers - columns - 1) / columns;
            double ratio = Ratio(rows, columns);
            if (ratio > best.Ratio) best = (rows, columns, ratio);
        }

        return best;
    }

    /// <summary>Multiply-adds for each load.</summary>
    public static double Ratio(int rows, int columns) => (double)rows * columns / (rows + columns);
}
