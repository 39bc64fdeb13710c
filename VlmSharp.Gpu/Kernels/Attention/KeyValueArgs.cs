using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Arguments of <see cref="KeyValueRows"/>.</summary>
internal struct KeyValueArgs
{
    public ArrayView<float> K, V; // [T, K * D]
    public ArrayView<int> Sequences, RowSequences; // the step's table
    public ArrayView<U4> Memory; // the arena, or the step's own block
    public int Width, Layer;

    /// <summary>Whether rows are whole chunks.</summary>
    public readonly bool IsAligned => (Width & 7) == 0;
}
