namespace VlmSharp.Gpu.Kernels;

/// <summary>The rows of a product's tile, as a type argument. A tile with many more rows than there are multiplies zeros.</summary>
internal interface ITile
{
    /// <summary>Rows of x.</summary>
    static abstract int Rows { get; }
}

/// <summary>For a few sequences that decode.</summary>
internal readonly struct Tile16 : ITile
{
    public static int Rows => 16;
}

/// <summary>For many sequences that decode.</summary>
internal readonly struct Tile32 : ITile
{
    public static int Rows => 32;
}

/// <summary>For a short prompt.</summary>
internal readonly struct Tile64 : ITile
{
    public static int Rows => 64;
}

/// <summary>For pictures and prompts.</summary>
internal readonly struct Tile128 : ITile
{
    public static int Rows => 128;
}
