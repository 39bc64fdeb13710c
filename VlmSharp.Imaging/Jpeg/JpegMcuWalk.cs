namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// The order of blocks in a scan (ITU T.81, annex A.2). Several components are interleaved by MCUs of h x v blocks each;
/// a component alone comes block by block, without the blocks that only fill up the last MCUs.
/// </summary>
internal readonly struct JpegMcuWalk
{
    private readonly JpegScanComponent[] parts;
    private readonly bool interleaved;
    private readonly int restartInterval;

    public JpegMcuWalk(JpegFrame frame, JpegScan scan, int restartInterval)
    {
        parts = scan.Components;
        interleaved = parts.Length > 1;
        this.restartInterval = restartInterval;
        Across = interleaved ? frame.McusAcross : parts[0].Component.BlocksAcross;
        SampleRows = interleaved ? 8 * frame.MaxVerticalFactor : 8;
        Count = Across * (interleaved ? frame.McusDown : parts[0].Component.BlocksDown);
    }

    /// <summary>MCUs in a row.</summary>
    public int Across { get; }

    /// <summary>Rows of pixels in a row of MCUs; of a component alone, rows of its samples.</summary>
    public int SampleRows { get; }

    /// <summary>The number of MCUs.</summary>
    public int Count { get; }

    /// <summary>Blocks of the scan's component i in each MCU.</summary>
    public int BlocksPerMcu(int i) => interleaved ? parts[i].Component.HorizontalFactor * parts[i].Component.VerticalFactor : 1;

    /// <summary>Row and column, in blocks, of block b of component i in an MCU.</summary>
    public (int Row, int Column) Block(int mcu, int i, int b)
    {
        (int row, int column) = Math.DivRem(mcu, Across);
        if (!interleaved)
            return (row, column);
        JpegComponent component = parts[i].Component;
        (int down, int right) = Math.DivRem(b, component.HorizontalFactor);
        return (row * component.VerticalFactor + down, column * component.HorizontalFactor + right);
    }

    /// <summary>Whether a restart marker comes before the MCU, and which.</summary>
    public bool RestartsBefore(int mcu, out int marker)
    {
        marker = 0;
        if (restartInterval == 0 || mcu == 0 || mcu % restartInterval != 0)
            return false;
        marker = (mcu / restartInterval - 1) & 7;
        return true;
    }
}
