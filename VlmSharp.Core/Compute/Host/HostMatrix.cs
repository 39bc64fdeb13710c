using System.Runtime.CompilerServices;

namespace VlmSharp.Compute.Host;

/// <summary>A row-major fp32 matrix in host memory, as kernels see it: an address and a shape.</summary>
/// <param name="data">Address of element (0, 0); 64-byte aligned for activations.</param>
/// <param name="rows">Rows, one per token or patch.</param>
/// <param name="columns">Columns, also the distance between rows.</param>
internal readonly unsafe struct HostMatrix(float* data, int rows, int columns)
{
    /// <summary>Address of element (0, 0).</summary>
    public readonly float* Data = data;

    /// <summary>Number of rows, such as tokens.</summary>
    public readonly int Rows = rows;

    /// <summary>Number of F32 elements of a row, such as features.</summary>
    public readonly int Columns = columns;

    /// <summary>False for <c>default</c>, which means that an optional argument is missing.</summary>
    public bool HasValue => Data != null;

    /// <summary>Address of element (<paramref name="row"/>, 0).</summary>
    /// <param name="row">From 0; it is not checked.</param>
    /// <returns>The address.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* RowPointer(int row) => Data + (nint)row * Columns;

    /// <summary>One row.</summary>
    /// <param name="row">From 0; it is not checked.</param>
    /// <returns>Its elements.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<float> Row(int row) => new(RowPointer(row), Columns);
}
