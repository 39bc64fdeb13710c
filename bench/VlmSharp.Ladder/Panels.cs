using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder;

/// <summary>
/// Panels: strips of a matrix as wide as the register tile, 16 columns. A matrix whose width is no multiple of 16 ends with a panel that
/// is padded with zeros.
/// </summary>
public static unsafe class Panels
{
    /// <summary>How many panels hold <paramref name="columns"/> columns.</summary>
    public static int Count(int columns) => (columns + RegisterTile.Columns - 1) / RegisterTile.Columns;

    /// <summary>The columns of these panels, padding included.</summary>
    public static int Width(int columns) => Count(columns) * RegisterTile.Columns;

    /// <summary>
    /// What brings rows into a panel, and sums out of one:
    /// <code>
    /// target[j, i] = source[i, j]        i &lt; rows, j &lt; columns
    /// </code>
    /// </summary>
    /// <param name="source">[rows, columns], rows sourceStride apart.</param>
    /// <param name="sourceStride">Distance between the rows of source, in floats.</param>
    /// <param name="rows">Rows of source, columns of target.</param>
    /// <param name="columns">Columns of source, rows of target.</param>
    /// <param name="target">[columns, rows], rows targetStride apart; what lies between them is left alone.</param>
    /// <param name="targetStride">Distance between the rows of target, in floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint sourceStride, int rows, int columns, float* target, nint targetStride)
    {
        for (int j = 0; j < columns; j++, target += targetStride)
            for (int i = 0; i < rows; i++) target[i] = source[i * sourceStride + j];
    }
}
