using System.Globalization;
using System.Text;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// A curve for a terminal, in Braille characters of 2 x 4 dots each. It always shows the whole run: a column of dots is the mean of the
/// steps that fall into it.
/// </summary>
public static class LossCurve
{
    private const int DotsAcross = 2, DotsDown = 4;

    /// <summary>Draws a curve.</summary>
    /// <param name="values">One value per step; non-finite ones are left out.</param>
    /// <param name="width">Width in characters, including the axis; at least 16.</param>
    /// <param name="height">Lines of characters, at least 1.</param>
    /// <returns>The lines without line ends; none if there is nothing to draw.</returns>
    public static IReadOnlyList<string> Draw(IReadOnlyList<double> values, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 16);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        const int Axis = 9;
        double?[] means = Means(values, Math.Min(values.Count, DotsAcross * (width - Axis)));
        double[] finite = [.. means.OfType<double>()];
        if (finite.Length == 0) return [];
        double low = finite.Min(), high = finite.Max(), range = high > low ? high - low : 1;
        int columns = (means.Length + DotsAcross - 1) / DotsAcross, rows = DotsDown * height;
        int[,] cells = new int[height, columns];
        int? before = null;
        for (int x = 0; x < means.Length; x++)
        {
            if (means[x] is not { } mean) continue;
            int y = Math.Clamp((int)Math.Round((high - mean) / range * (rows - 1)), 0, rows - 1);
            // A connected line, not single dots: it covers all dots between two columns.
            int from = before ?? y;
            for (int dot = Math.Min(from, y); dot <= Math.Max(from, y); dot++)
                if (dot != from || dot == y) cells[dot / DotsDown, x / DotsAcross] |= Bit(x % DotsAcross, dot % DotsDown);
            before = y;
        }

        return [.. Enumerable.Range(0, height).Select(row => Line(cells, row, columns, row == 0 ? high : row == height - 1 ? low : null))];
    }

    private static string Line(int[,] cells, int row, int columns, double? label)
    {
        var line = new StringBuilder();
        line.Append((label is { } value ? value.ToString("G4", CultureInfo.InvariantCulture) : "").PadLeft(7)).Append(" \u2502");
        for (int x = 0; x < columns; x++) line.Append((char)(0x2800 + cells[row, x]));
        return line.ToString();
    }

    /// <summary>The dots of a character are numbered down the left side, then down the right, and then the two at the bottom.</summary>
    private static int Bit(int x, int y) => y < 3 ? 1 << (y + 3 * x) : 1 << (6 + x);

    /// <summary>Means of equal parts.</summary>
    internal static double?[] Means(IReadOnlyList<double> values, int parts)
    {
        double?[] means = new double?[parts];
        for (int i = 0; i < parts; i++)
        {
            int from = (int)((long)i * values.Count / parts), to = (int)((i + 1L) * values.Count / parts), count = 0;
            double sum = 0;
            for (int j = from; j < to; j++)
                if (double.IsFinite(values[j])) (sum, count) = (sum + values[j], count + 1);
            means[i] = count > 0 ? sum / count : null;
        }

        return means;
    }
}
