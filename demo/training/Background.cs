namespace VlmSharp.Scenes;

/// <summary>
/// The background of a scene: a light or a dark color, or a gradient between two. Some have waves of brightness, and half of them have
/// grain.
/// </summary>
internal static class Background
{
    private const double Shaded = 0.4, Waved = 0.12, Grained = 0.5, Dark = 0.33; // probabilities

    /// <summary>Draws a background.</summary>
    /// <param name="side">The side of the picture, in pixels.</param>
    /// <param name="random">The random numbers of the scene.</param>
    /// <returns>[side, side, 3], 0 to 1.</returns>
    public static float[] Draw(int side, SceneRandom random)
    {
        double[] from = Color(random), to = Color(random);
        Func<double, double, double> share = random.Next() < Shaded ? Shade(random) : (_, _) => 0;
        Func<double, double, double> wave = random.Next() < Waved ? Wave(random) : (_, _) => 0;
        double grain = random.Next() < Grained ? random.Next(0.01, 0.04) : 0;
        var pixels = new float[side * side * 3];
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
            {
                double u = (x + 0.5) / side, v = (y + 0.5) / side, t = share(u, v), brighter = wave(u, v);
                for (int c = 0; c < 3; c++)
                {
                    double value = from[c] + (to[c] - from[c]) * t + brighter + (grain > 0 ? grain * random.Normal() : 0);
                    pixels[(y * side + x) * 3 + c] = (float)Math.Clamp(value, 0, 1);
                }
            }

        return pixels;
    }

    private static double[] Color(SceneRandom random)
    {
        (double least, double most) = random.Next() < Dark ? (0.08, 0.36) : (0.47, 1);
        return [random.Next(least, most), random.Next(least, most), random.Next(least, most)];
    }

    /// <summary>A gradient in any direction.</summary>
    private static Func<double, double, double> Shade(SceneRandom random)
    {
        double angle = random.Next(0, 2 * Math.PI), cos = Math.Cos(angle), sin = Math.Sin(angle), length = Math.Abs(cos) + Math.Abs(sin);
        return (x, y) => ((x - 0.5) * cos + (y - 0.5) * sin) / length + 0.5;
    }

    /// <summary>Bands of brightness in any direction.</summary>
    private static Func<double, double, double> Wave(SceneRandom random)
    {
        double angle = random.Below(4) * Math.PI / 4, turns = 2 * Math.PI * random.Next(0.5, 4);
        double start = random.Next(0, 2 * Math.PI), height = random.Next(0.02, 0.07);
        return (x, y) => height * Math.Sin(turns * (x * Math.Cos(angle) + y * Math.Sin(angle)) + start);
    }
}
