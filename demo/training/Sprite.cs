namespace VlmSharp.Scenes;

/// <summary>A small picture with transparency.</summary>
/// <param name="Width">Columns, in pixels.</param>
/// <param name="Height">Rows, in pixels.</param>
/// <param name="Pixels">[height, width, 4]: red, green, blue times alpha, and alpha, each 0 to 1.</param>
internal sealed record Sprite(int Width, int Height, float[] Pixels)
{
    private const int Channels = 4;

    /// <summary>The visible part.</summary>
    public Sprite Trim()
    {
        int left = Width, top = Height, right = 0, bottom = 0;
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                if (Pixels[(y * Width + x) * Channels + 3] < 0.05f) continue;
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
            }

        var part = new Sprite(right - left, bottom - top, new float[(right - left) * (bottom - top) * Channels]);
        for (int y = 0; y < part.Height; y++)
            Array.Copy(Pixels, ((top + y) * Width + left) * Channels, part.Pixels, y * part.Width * Channels, part.Width * Channels);
        return part;
    }

    /// <summary>The mirror image.</summary>
    public Sprite Mirror()
    {
        var mirrored = new float[Pixels.Length];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                Array.Copy(Pixels, (y * Width + x) * Channels, mirrored, (y * Width + Width - 1 - x) * Channels, Channels);
        return this with { Pixels = mirrored };
    }

    /// <summary>Resizes by a triangle filter as wide as a pixel of the result, so that smaller detail is averaged.</summary>
    public Sprite Resize(int width, int height)
    {
        float[] rows = Resample(Pixels, Width, Height, width, Channels); // [height, new width]
        float[] columns = Resample(Transpose(rows, width, Height), Height, width, height, Channels); // [new width, new height]
        return new Sprite(width, height, Transpose(columns, height, width));
    }

    /// <summary>Resamples the columns of [rows, from, channels] to [rows, to, channels].</summary>
    private static float[] Resample(float[] values, int from, int rows, int to, int channels)
    {
        var result = new float[rows * to * channels];
        double scale = (double)from / to, reach = Math.Max(1, scale);
        for (int x = 0; x < to; x++)
        {
            double center = (x + 0.5) * scale;
            int first = Math.Max(0, (int)Math.Floor(center - reach)), last = Math.Min(from - 1, (int)Math.Ceiling(center + reach));
            double total = 0;
            for (int i = first; i <= last; i++) total += Weight(i);
            for (int i = first; i <= last; i++)
            {
                float share = (float)(Weight(i) / total);
                if (share == 0) continue;
                for (int y = 0; y < rows; y++)
                    for (int c = 0; c < channels; c++) result[(y * to + x) * channels + c] += share * values[(y * from + i) * channels + c];
            }

            double Weight(int i) => Math.Max(0, 1 - Math.Abs(i + 0.5 - center) / reach);
        }

        return result;
    }

    private static float[] Transpose(float[] values, int width, int height)
    {
        var result = new float[values.Length];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                Array.Copy(values, (y * width + x) * Channels, result, (x * height + y) * Channels, Channels);
        return result;
    }
}
