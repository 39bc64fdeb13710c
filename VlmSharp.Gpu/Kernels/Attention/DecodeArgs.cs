using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>What the kernels of <see cref="DecodeAttention"/> take.</summary>
internal struct DecodeArgs
{
    public AttentionArgs Attention;
    public ArrayView<float> Sums; // [rows, H, pieces, D]: sum exp(s - m) v of a piece
    public ArrayView<float> Scales; // [rows, H, pieces, 2]: m and sum exp(s - m)
    public int Pieces;
    public int EveryRow; // 1: rows are those of the step; 0: one for each sequence, which does nothing if that has more than one
}
