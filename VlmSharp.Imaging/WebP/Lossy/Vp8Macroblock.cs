namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The decoded data of one macroblock, 16 x 16 pixels. One object is reused for all.</summary>
internal sealed class Vp8Macroblock
{
    /// <summary>Number of 4 x 4 blocks: 16 of luma, row by row, then four of each chroma plane.</summary>
    public const int Blocks = 24;

    /// <summary>The segment, 0 to 3.</summary>
    public int Segment { get; set; }

    /// <summary>Whether the header says that there are no coefficients.</summary>
    public bool Skipped { get; set; }

    /// <summary>Whether luma is predicted in 4 x 4 blocks.</summary>
    public bool HasSubblocks { get; set; }

    /// <summary>The mode of the whole luma block.</summary>
    public Vp8PredictionMode Luma { get; set; }

    /// <summary>The mode of each 4 x 4 block of luma.</summary>
    public Vp8PredictionMode[] Subblocks { get; } = new Vp8PredictionMode[16];

    /// <summary>The mode of both chroma planes.</summary>
    public Vp8PredictionMode Chroma { get; set; }

    /// <summary>The dequantized coefficients: [blocks, 16], row-major.</summary>
    public short[] Coefficients { get; } = new short[Blocks * 16];

    /// <summary>Whether a block has coefficients that must be transformed.</summary>
    public bool[] HasResidual { get; } = new bool[Blocks];

    /// <summary>Whether any block must be transformed.</summary>
    public bool HasAnyResidual { get; set; }
}
