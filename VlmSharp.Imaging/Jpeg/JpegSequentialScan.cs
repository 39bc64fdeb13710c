using System.Runtime.CompilerServices;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// A scan of a baseline or extended sequential frame (ITU T.81, annexes F.2.2 and A.2): each block is transformed as soon
/// as it is decoded, so no coefficients are kept.
/// </summary>
internal static class JpegSequentialScan
{
    /// <summary>Decodes the scan into the components' samples.</summary>
    /// <param name="reader">Where the scan's data begins.</param>
    /// <param name="frame">The picture; its components' samples are written.</param>
    /// <param name="scan">The scan's header.</param>
    /// <param name="restartInterval">MCUs between restart markers; 0 for none.</param>
    /// <param name="rows">Told of each row of the scan's MCUs that is done, where the scan is the whole picture; null otherwise.</param>
    /// <param name="context">Words for errors.</param>
    public static void Decode(
        ref JpegBitReader reader, JpegFrame frame, JpegScan scan, int restartInterval, JpegRows? rows, DecodeContext context)
    {
        var walk = new JpegMcuWalk(frame, scan, restartInterval);
        Span<int> predictions = stackalloc int[4];
        Span<int> workspace = stackalloc int[64];
        Span<short> block = stackalloc short[64];
        for (int mcu = 0; mcu < walk.Count; mcu++)
        {
            if ((mcu & 1023) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            if (walk.RestartsBefore(mcu, out int marker))
            {
                reader.Restart(marker);
                predictions.Clear();
            }
            bool isEmpty = reader.IsOut; // as in libjpeg, an MCU without any data is gray
            for (int i = 0; i < scan.Components.Length; i++)
            {
                JpegScanComponent part = scan.Components[i];
                JpegComponent component = part.Component;
                for (int b = 0; b < walk.BlocksPerMcu(i); b++)
                {
                    (int row, int column) = walk.Block(mcu, i, b);
                    bool flat = isEmpty || DecodeBlock(ref reader, part, ref predictions[i], block);
                    Span<byte> samples = component.Block(row, column);
                    if (flat)
                        JpegIdct.Fill(isEmpty ? 0 : block[0], component.Quantization!, samples, component.Stride);
                    else
                        JpegIdct.Transform(block, component.Quantization!, workspace, samples, component.Stride);
                }
            }
            if ((mcu + 1) % walk.Across == 0)
                rows?.Emit((mcu + 1) / walk.Across * walk.SampleRows);
        }
    }

    // Returns whether the block has no coefficient but DC.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool DecodeBlock(
        ref JpegBitReader reader, JpegScanComponent part, ref int prediction, scoped Span<short> block)
    {
        block.Clear();
        prediction += reader.ReadSigned(reader.ReadCode(part.Dc!));
        block[0] = (short)prediction;
        JpegHuffmanTable ac = part.Ac!;
        ReadOnlySpan<byte> zigzag = JpegZigzag.ToRowMajor;
        bool flat = true;
        for (int k = 1; k < 64; k++)
        {
            int code = reader.ReadCode(ac);
            int run = code >> 4, size = code & 15;
            if (size == 0)
            {
                if (run < 15)
                    break;
                k += 15;
                continue;
            }
            k += run;
            // A coefficient beyond the last one counts as the last, as in libjpeg.
            block[zigzag[Math.Min(k, 63)]] = (short)reader.ReadSigned(size);
            flat = false;
        }
        return flat;
    }
}
