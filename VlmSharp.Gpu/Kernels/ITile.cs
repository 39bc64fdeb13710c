namespace VlmSharp.Gpu.Kernels;

/// <summary>Rows of a tile of a product, as a type argument. A tile much larger than there are rows multiplies zeros.</summary>
internal interface ITile
{
    /// <summary>Rows of x.</summary>
    static abstract int Rows { get; }
}

/// <summary>A few sequences that decode.</summary>
internal readonly struct Tile16 : ITile
{
    public static int Rows => 16;
}

/// <summary>Many of them.</summary>
internal readonly struct Tile32 : ITile
{
    public static int Rows => 32;
}

/// <summary>A short prompt.</summary>
internal readonly struct Tile64 : ITile
{
    public static int Rows => 64;
}

/// <summary>Pictures and prompts.</summary>
internal readonly struct Tile128 : ITile
{
    public static int Rows => 128;
}
