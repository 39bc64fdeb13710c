using VlmSharp.Tasks.Masks;

namespace VlmSharp.Training.Data;

/// <summary>
/// Rasterizes a polygon by the rule of COCO's own tools (rleFrPoly in maskApi.c), so that masks have the same pixels. The border is walked
/// in steps of a fifth of a pixel. Where it crosses the middle of a column, it marks the row at which inside and outside swap.
/// </summary>
internal static class Outline
{
    private const double Scale = 5;

    /// <summary>Maximum number of border steps: many times around a picture of the largest size.</summary>
    private const int MostSteps = 4_000_000;

    /// <summary>Fills a polygon.</summary>
    /// <param name="xy">x and y of each corner, in pixels.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>Its pixels.</returns>
    /// <exception cref="FormatException">A corner is far outside of the picture, or the border is too long.</exception>
    public static RunLengthMask ToRunLength(ReadOnlySpan<double> xy, int width, int height)
    {
        (int X, int Y)[] corners = Corners(xy);
        long steps = 0;
        for (int i = 0; i < corners.Length; i++) steps += Steps(corners[i], corners[(i + 1) % corners.Length]) + 1;
        if (steps > MostSteps) throw new FormatException("an outline is far longer than any thing's");
        var border = new List<(int X, int Y)>((int)steps);
        for (int i = 0; i < corners.Length; i++) AddSide(border, corners[i], corners[(i + 1) % corners.Length]);
        return Fill(Turns(border, width, height), width, height);
    }

    private static (int X, int Y)[] Corners(ReadOnlySpan<double> xy)
    {
        var corners = new (int, int)[xy.Length / 2];
        for (int i = 0; i < corners.Length; i++)
        {
            double x = xy[2 * i], y = xy[2 * i + 1];
            if (Math.Abs(x) > 2.0 * DataLimits.Side || Math.Abs(y) > 2.0 * DataLimits.Side)
                throw new FormatException("an outline has a corner far outside of the picture");
            corners[i] = ((int)(Scale * x + 0.5), (int)(Scale * y + 0.5));
        }

        return corners;
    }

    private static int Steps((int X, int Y) a, (int X, int Y) b) => Math.Max(Math.Abs(a.X - b.X), Math.Abs(a.Y - b.Y));

    /// <summary>The points of one side, including both ends, one for each step along the longer axis.</summary>
    private static void AddSide(List<(int X, int Y)> border, (int X, int Y) a, (int X, int Y) b)
    {
        int dx = Math.Abs(b.X - a.X), dy = Math.Abs(b.Y - a.Y), steps = Math.Max(dx, dy);
        bool flat = dx >= dy, flip = flat ? a.X > b.X : a.Y > b.Y;
        if (flip) (a, b) = (b, a); // rounding must not depend on the direction
        double slope = steps == 0 ? 0 : flat ? (double)(b.Y - a.Y) / dx : (double)(b.X - a.X) / dy;
        for (int i = 0; i <= steps; i++)
        {
            int t = flip ? steps - i : i;
            border.Add(flat ? (a.X + t, (int)(a.Y + slope * t + 0.5)) : ((int)(a.X + slope * t + 0.5), a.Y + t));
        }
    }

    /// <summary>
    /// The places where the border crosses the middle of a column: the pixel, counted down the columns, at which inside and outside swap.
    /// </summary>
    private static List<long> Turns(List<(int X, int Y)> border, int width, int height)
    {
        var turns = new List<long>();
        for (int j = 1; j < border.Count; j++)
        {
            ((int beforeX, int beforeY), (int x, int y)) = (border[j - 1], border[j]);
            if (x == beforeX) continue;
            double column = ((x < beforeX ? x : x - 1) + 0.5) / Scale - 0.5;
            if (Math.Floor(column) != column || column < 0 || column > width - 1) continue;
            double row = Math.Clamp((Math.Min(y, beforeY) + 0.5) / Scale - 0.5, 0, height);
            turns.Add((long)column * height + (long)Math.Ceiling(row));
        }

        turns.Sort();
        return turns;
    }

    private static RunLengthMask Fill(List<long> turns, int width, int height)
    {
        var runs = new RunLengthBuilder();
        long at = 0;
        bool inside = false;
        foreach (long turn in turns)
        {
            runs.Add(turn - at, inside);
            (at, inside) = (turn, !inside);
        }

        runs.Add((long)width * height - at, inside);
        return runs.ToMask(width, height);
    }
}
