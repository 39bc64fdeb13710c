using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Arguments of the kernels of <see cref="DecodeAttention"/>.</summary>
internal struct DecodeArgs
{
    public AttentionArgs Attention;
    public ArrayView<float> Sums; // [rows, H, pieces, D]: sum exp(s - m) v of a piece
    public ArrayView<float> Scales; // [rows, H, pieces, 2]: m and sum exp(s - m)
    public int Pieces;
    public int EveryRow; // 1: every row of the step; 0: one row per sequence, skipping sequences with more than one

    /// <summary>The index of this group's piece of a head in the results.</summary>
    public readonly long At(int head) => ((long)Grid.IdxZ * Attention.Heads + head) * Pieces + Grid.IdxX;
}
