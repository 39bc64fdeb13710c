namespace VlmSharp.Scenes;

/// <summary>Draws forms as sprites. The coverage of a pixel is the share of 8 x 8 points in it that are inside the form.</summary>
internal static class ShapePainter
{
    private const int Points = 8;
    private const double Margin = 0.03; // a form does not fill its box completely

    /// <summary>Draws a form.</summary>
    /// <param name="form">Its name.</param>
    /// <param name="side">The side of its box, in pixels.</param>
    /// <param name="color">Red, green and blue, 0 to 1.</param>
    public static Sprite Draw(string form, int side, (float R, float G, float B) color)
    {
        var sprite = new Sprite(side, side, new float[side * side * 4]);
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
            {
                int inside = 0;
                for (int i = 0; i < Points * Points; i++)
                    if (Has(form, (x + (i % Points + 0.5) / Points) / side, (y + (i / Points + 0.5) / Points) / side)) inside++;
                float alpha = inside / (float)(Points * Points);
                int to = (y * side + x) * 4;
                (sprite.Pixels[to], sprite.Pixels[to + 1], sprite.Pixels[to + 2], sprite.Pixels[to + 3]) =
                    (color.R * alpha, color.G * alpha, color.B * alpha, alpha);
            }

        return sprite;
    }

    /// <summary>Whether a point of the unit square is inside.</summary>
    private static bool Has(string form, double x, double y)
    {
        double u = x - 0.5, v = y - 0.5, half = 0.5 - Margin;
        return form switch
        {
            "circle" => u * u + v * v <= half * half,
            "square" => Math.Abs(u) <= half && Math.Abs(v) <= half,
            "triangle" => Math.Abs(v) <= half && Math.Abs(u) <= (v + half) / 2,
            "star" => InStar(u, v, 0.48),
            "cross" => Math.Max(Math.Abs(u), Math.Abs(v)) <= half && Math.Min(Math.Abs(u), Math.Abs(v)) <= half / 3,
            "ring" => u * u + v * v <= half * half && u * u + v * v >= half * half / 4,
            _ => throw new ArgumentException($"No form is called {form}.", nameof(form)),
        };
    }

    /// <summary>Whether a point is in the pentagram with a tip at the top: it is outside of at most one of its five lines.</summary>
    private static bool InStar(double x, double y, double radius)
    {
        double line = radius * Math.Cos(2 * Math.PI / 5); // the distance of the lines from the center
        int outside = 0;
        for (int i = 0; i < 5; i++)
        {
            double angle = -Math.PI / 2 + i * 2 * Math.PI / 5; // the angle of a tip, which is outside of one line and inside of all others
            if (x * Math.Cos(angle) + y * Math.Sin(angle) > line) outside++;
        }

        return outside <= 1;
    }
}
