namespace VlmSharp.Gpu.Kernels.Elements;

/// <summary>A function of numbers at the same place of up to three matrices, as a type argument of a kernel.</summary>
internal interface IElementFunction
{
    /// <summary>The operator's name.</summary>
    static abstract string Name { get; }

    /// <summary>One number of the result.</summary>
    /// <param name="a">Of the first matrix.</param>
    /// <param name="b">Of the second; 1 where there is none.</param>
    /// <param name="c">Of the third; 1 where there is none.</param>
    /// <param name="constant">The same for all.</param>
    static abstract float Of(float a, float b, float c, float constant);
}
