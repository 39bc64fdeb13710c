using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// A scan of a progressive frame (ITU T.81, annex G): a band of coefficients (spectral selection), at first down to some
/// bit, later one more bit (successive approximation). A run of blocks at whose end nothing follows is coded as one (EOBRUN).
/// </summary>
internal ref struct JpegProgressiveScan
{
    private readonly JpegScan scan;
    private readonly JpegMcuWalk walk;
    private readonly DecodeContext context;
    private int endOfBandRun;

    public JpegProgressiveScan(JpegFrame frame, JpegScan scan, int restartInterval, DecodeContext context)
    {
        this.scan = scan;
        this.context = context;
        walk = new JpegMcuWalk(frame, scan, restartInterval);
    }

    /// <summary>Decodes the scan into the components' coefficients.</summary>
    public void Decode(ref JpegBitReader reader)
    {
        foreach (JpegScanComponent part in scan.Components)
        {
            for (int k = scan.First; k <= scan.Last && k < JpegBlockSmoothing.Coefficients; k++)
                part.Component.LowestBits[k] = scan.Low;
        }
        Span<int> predictions = stackalloc int[4];
        for (int mcu = 0; mcu < walk.Count; mcu++)
        {
            if ((mcu & 1023) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            if (walk.RestartsBefore(mcu, out int marker))
            {
                reader.Restart(marker);
                predictions.Clear();
                endOfBandRun = 0;
            }
            if (reader.IsOut)
                continue; // as in libjpeg, an MCU without any data stays as it is
            for (int i = 0; i < scan.Components.Length; i++)
            {
                JpegScanComponent part = scan.Components[i];
                for (int b = 0; b < walk.BlocksPerMcu(i); b++)
                {
                    (int row, int column) = walk.Block(mcu, i, b);
                    int at = (row * part.Component.PaddedBlocksAcross + column) * 64;
                    DecodeBlock(ref reader, part, ref predictions[i], part.Component.Coefficients.AsSpan(at, 64));
                }
            }
        }
    }

    private void DecodeBlock(ref JpegBitReader reader, JpegScanComponent part, ref int prediction, Span<short> block)
    {
        if (scan.First == 0 && scan.High == 0)
        {
            prediction += reader.ReadSigned(reader.ReadCode(part.Dc!));
            block[0] = (short)(prediction << scan.Low);
        }
        else if (scan.First == 0)
        {
            if (reader.ReadBit())
                block[0] |= (short)(1 << scan.Low);
        }
        else if (scan.High == 0)
        {
            DecodeAcFirst(ref reader, part.Ac!, block);
        }
        else
        {
            RefineAc(ref reader, part.Ac!, block);
        }
    }

    // Figure G.3 and section G.1.2.2.
    private void DecodeAcFirst(ref JpegBitReader reader, JpegHuffmanTable table, Span<short> block)
    {
        if (endOfBandRun > 0)
        {
            endOfBandRun--;
            return;
        }
        for (int k = scan.First; k <= scan.Last; k++)
        {
            int code = reader.ReadCode(table);
            int run = code >> 4, size = code & 15;
            if (size == 0 && run < 15)
            {
                endOfBandRun = ReadEndOfBandRun(ref reader, run) - 1;
                return;
            }
            k += run;
            if (size == 0)
                continue;
            // A coefficient beyond the band counts, and one beyond the block as its last, as in libjpeg.
            block[JpegZigzag.ToRowMajor[Math.Min(k, 63)]] = (short)(reader.ReadSigned(size) << scan.Low);
        }
    }

    // Section G.1.2.3: new coefficients of one bit among correction bits for those that are already non-zero.
    private void RefineAc(ref JpegBitReader reader, JpegHuffmanTable table, Span<short> block)
    {
        int k = scan.First;
        int bit = 1 << scan.Low;
        if (endOfBandRun == 0)
        {
            for (; k <= scan.Last; k++)
            {
                int code = reader.ReadCode(table);
                int run = code >> 4, size = code & 15;
                int coefficient = 0;
                if (size > 0)
                {
                    // Its one bit; libjpeg ignores a larger size.
                    coefficient = reader.ReadBit() ? bit : -bit;
                }
                else if (run < 15)
                {
                    endOfBandRun = ReadEndOfBandRun(ref reader, run);
                    break;
                }
                k = Correct(ref reader, block, k, run);
                if (coefficient == 0)
                    continue;
                block[JpegZigzag.ToRowMajor[Math.Min(k, 63)]] = (short)coefficient;
            }
        }
        if (endOfBandRun > 0)
        {
            Correct(ref reader, block, k, int.MaxValue);
            endOfBandRun--;
        }
    }

    // Reads a correction bit for each non-zero coefficient on the way past `zeros` zeros; returns the position of the next zero.
    private readonly int Correct(ref JpegBitReader reader, Span<short> block, int k, int zeros)
    {
        int bit = 1 << scan.Low;
        for (; k <= scan.Last; k++)
        {
            ref short coefficient = ref block[JpegZigzag.ToRowMajor[k]];
            if (coefficient == 0)
            {
                if (zeros-- == 0)
                    break;
            }
            else if (reader.ReadBit() && (coefficient & bit) == 0)
            {
                coefficient += (short)(coefficient >= 0 ? bit : -bit);
            }
        }
        return k;
    }

    private static int ReadEndOfBandRun(ref JpegBitReader reader, int size) =>
        size == 0 ? 1 : (1 << size) + reader.ReadBits(size);
}
