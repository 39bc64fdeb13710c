namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// x as rung 5 and those above it read it: k in blocks of 256, and in each block the panels of 16 rows side by side, so that a tile reads
/// one run of memory: [inputs / 256][panels][256][16].
/// </summary>
/// <param name="mostRows">Rows that there is room for.</param>
/// <param name="inputs">Numbers of each row.</param>
public sealed unsafe class PackedRows(int mostRows, int inputs) : IDisposable
{
    /// <summary>Inputs of a block. 256 of 16 rows are 16 KB, half of a first-level cache.</summary>
    public const int InputBlock = 256;

    private readonly Scratch memory = new((long)Panels.Width(mostRows) * inputs);

    /// <summary>A panel of the block that begins with input k: [block, 16].</summary>
    public float* Panel(int k, int panel) =>
        memory.Floats + ((nint)k * Panels.Count(mostRows) + (nint)panel * Math.Min(InputBlock, inputs - k)) * RegisterTile.Columns;

    /// <summary>Brings up to 16 rows into a panel of each block. Panels may be packed at the same time.</summary>
    /// <param name="x">[rows, inputs], all rows.</param>
    /// <param name="rows">How many there are: <c>mostRows</c> at most.</param>
    /// <param name="panel">Which 16 of them.</param>
    public void Pack(float* x, int rows, int panel)
    {
        int t = panel * RegisterTile.Columns, count = Math.Min(RegisterTile.Columns, rows - t);
        for (int k = 0; k < inputs; k += InputBlock)
            Panels.Transpose(
                x + (nint)t * inputs + k, inputs, count, Math.Min(InputBlock, inputs - k), Panel(k, panel), RegisterTile.Columns);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => memory.Dispose();
}
