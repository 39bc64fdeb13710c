namespace VlmSharp.Gpu.Kernels.Elements;

/// <summary>A function of the numbers at the same place in up to three matrices, as a type argument of a kernel.</summary>
internal interface IElementFunction
{
    /// <summary>The operator's name.</summary>
    static abstract string Name { get; }

    /// <summary>Computes one number of the result.</summary>
    /// <param name="a">The number of the first matrix.</param>
    /// <param name="b">The number of the second matrix; 1 if there is none.</param>
    /// <param name="c">The number of the third matrix; 1 if there is none.</param>
    /// <param name="constant">The same for all numbers.</param>
    static abstract float Of(float a, float b, float c, float constant);
}
