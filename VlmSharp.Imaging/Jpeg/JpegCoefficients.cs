namespace VlmSharp.Imaging.Jpeg;

/// <summary>The coefficients of a progressive picture to samples, once all scans have come.</summary>
internal static class JpegCoefficients
{
    /// <summary>Transforms the blocks of all components in one row of MCUs.</summary>
    /// <param name="frame">The picture; its components' samples are written.</param>
    /// <param name="mcuRow">Which row of MCUs, from the top, from 0.</param>
    /// <param name="smoothing">Fills in coefficients that the scans left out; null where there are none.</param>
    public static void Transform(JpegFrame frame, int mcuRow, JpegBlockSmoothing? smoothing)
    {
        Span<int> workspace = stackalloc int[64];
        Span<short> smoothed = stackalloc short[64];
        foreach (JpegComponent c in frame.Components)
        {
            int end = Math.Min((mcuRow + 1) * c.VerticalFactor, c.BlocksDown);
            for (int row = mcuRow * c.VerticalFactor; row < end; row++)
            {
                smoothing?.BeginRow(frame, c, mcuRow, row);
                for (int column = 0; column < c.BlocksAcross; column++)
                {
                    scoped ReadOnlySpan<short> block = c.Coefficients.AsSpan((row * c.PaddedBlocksAcross + column) * 64, 64);
                    if (smoothing is not null)
                    {
                        smoothing.Smooth(c, column, block, smoothed);
                        block = smoothed;
                    }
                    Span<byte> samples = c.Block(row, column);
                    if (block[1..].IndexOfAnyExcept((short)0) < 0)
                        JpegIdct.Fill(block[0], c.Quantization!, samples, c.Stride);
                    else
                        JpegIdct.Transform(block, c.Quantization!, workspace, samples, c.Stride);
                }
            }
        }
    }
}
