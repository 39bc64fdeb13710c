namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// The prediction of 4 x 4 blocks of luma (RFC 6386, section 12.3). All modes but two take each sample from the edge, the
/// line of neighbors from the lower left around the corner to the upper right, smoothed over two or three neighbors:
/// <code>
/// X A B C D E F G H     edge: L L L K J I X A B C D E F G H H
/// I . . . .                   0 1 2 3 4 5 6 7 8 ...        15
/// J . . . .
/// K . . . .
/// L . . . .
/// </code>
/// </summary>
internal static class Vp8SubblockPrediction
{
    private const int EdgeLength = 16;
    private const int Corner = 6;

    // For each mode from Vertical on: the index of the smoothed edge value for each of the 16 samples.
    private static readonly byte[][] Sources = BuildSources();

    /// <summary>Writes the prediction of a block.</summary>
    /// <param name="samples">The plane of Y that is decoded; the samples above and to the left are there already.</param>
    /// <param name="at">The block's first sample.</param>
    /// <param name="stride">Bytes from row to row.</param>
    /// <param name="aboveRight">The four samples E to H.</param>
    /// <param name="mode">One of the ten modes of 4 x 4 blocks.</param>
    public static void Predict(byte[] samples, int at, int stride, ReadOnlySpan<byte> aboveRight, Vp8PredictionMode mode)
    {
        Span<byte> edge = stackalloc byte[EdgeLength];
        for (int y = 0; y < 4; y++)
            edge[Corner - 1 - y] = samples[at + y * stride - 1];
        edge[..2].Fill(edge[2]);
        samples.AsSpan(at - stride - 1, 5).CopyTo(edge[Corner..]);
        aboveRight[..4].CopyTo(edge[(Corner + 5)..]);
        edge[^1] = edge[^2];
        switch (mode)
        {
            case Vp8PredictionMode.Dc:
                PredictMean(samples, at, stride, edge);
                break;
            case Vp8PredictionMode.TrueMotion:
                for (int y = 0; y < 4; y++)
                    Vp8BlockPrediction.TrueMotion(
                        samples.AsSpan(at + y * stride, 4), edge.Slice(Corner + 1, 4), edge[Corner - 1 - y] - edge[Corner]);
                break;
            default:
                PredictFromEdge(samples, at, stride, edge, Sources[(int)mode]);
                break;
        }
    }

    private static void PredictMean(byte[] samples, int at, int stride, ReadOnlySpan<byte> edge)
    {
        int sum = 4;
        for (int i = 1; i <= 4; i++)
            sum += edge[Corner - i] + edge[Corner + i];
        for (int y = 0; y < 4; y++)
            samples.AsSpan(at + y * stride, 4).Fill((byte)(sum >> 3));
    }

    private static void PredictFromEdge(byte[] samples, int at, int stride, ReadOnlySpan<byte> edge, ReadOnlySpan<byte> sources)
    {
        // First the values smoothed over three neighbors, indexed by the middle one, then those over two, indexed by the lower one.
        Span<byte> smoothed = stackalloc byte[2 * EdgeLength];
        for (int i = 0; i < EdgeLength - 1; i++)
        {
            if (i > 0)
                smoothed[i] = (byte)((edge[i - 1] + 2 * edge[i] + edge[i + 1] + 2) >> 2);
            smoothed[EdgeLength + i] = (byte)((edge[i] + edge[i + 1] + 1) >> 1);
        }
        for (int y = 0; y < 4; y++, at += stride)
        {
            for (int x = 0; x < 4; x++)
                samples[at + x] = smoothed[sources[y * 4 + x]];
        }
    }

    private static byte[][] BuildSources()
    {
        var sources = new byte[(int)Vp8PredictionMode.HorizontalUp + 1][];
        for (Vp8PredictionMode mode = Vp8PredictionMode.Vertical; mode <= Vp8PredictionMode.HorizontalUp; mode++)
        {
            sources[(int)mode] = new byte[16];
            for (int i = 0; i < 16; i++)
                sources[(int)mode][i] = (byte)Source(mode, i & 3, i >> 2);
        }
        return sources;
    }

    private static int Source(Vp8PredictionMode mode, int x, int y) => mode switch
    {
        Vp8PredictionMode.Vertical => Three(Corner + 1 + x),
        Vp8PredictionMode.Horizontal => Three(Corner - 1 - y),
        Vp8PredictionMode.DownLeft => Three(Corner + 2 + x + y),
        Vp8PredictionMode.DownRight => Three(Corner + x - y),
        // The next two step by half a sample: two neighbors on even rows (columns), three on odd ones, and three if the line from the
        // sample meets the other side of the corner.
        Vp8PredictionMode.VerticalRight when 2 * x - y < -1 => Three(Corner + 1 + 2 * x - y),
        Vp8PredictionMode.VerticalRight => y % 2 == 0 ? Two(Corner + x - y / 2) : Three(Corner + x - y / 2),
        Vp8PredictionMode.HorizontalDown when 2 * y - x < -1 => Three(Corner - 1 - 2 * y + x),
        Vp8PredictionMode.HorizontalDown => x % 2 == 0 ? Two(Corner - 1 - y + x / 2) : Three(Corner - y + x / 2),
        // The last two samples break the pattern.
        Vp8PredictionMode.VerticalLeft when x == 3 && y >= 2 => Three(Corner + 4 + y),
        Vp8PredictionMode.VerticalLeft => y % 2 == 0 ? Two(Corner + 1 + x + y / 2) : Three(Corner + 2 + x + y / 2),
        _ => x % 2 == 0 ? Two(Corner - 2 - y - x / 2) : Three(Math.Max(1, Corner - 2 - y - x / 2)),
    };

    private static int Three(int middle) => middle;

    private static int Two(int lower) => EdgeLength + lower;
}
