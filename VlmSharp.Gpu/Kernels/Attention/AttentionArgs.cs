using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Arguments of the attention kernels.</summary>
internal struct AttentionArgs
{
    public ArrayView<float> Q; // [T, H * D]
    public ArrayView<U4> Memory; // of keys and values
    public ArrayView<int> Sequences, RowSequences; // the step's table
    public RowTarget Y; // [T, H * D]
    public int Layer, Heads, KvHeads, HeadDim, Window;
    public float Scale, SoftCap, InverseSoftCap;

    /// <summary>Numbers in a row of keys or values, including padding.</summary>
    public readonly int KvRowNumbers => (KvHeads * HeadDim + 7) / 8 * 8;

    /// <summary>Whether every head fills whole chunks of 16 bytes.</summary>
    public readonly bool IsAligned => (HeadDim & 7) == 0;

    /// <summary>Chunks of 8 features in a head, rounded up.</summary>
    public readonly int HeadChunks => (HeadDim + 7) >> 3;

    /// <summary>s = cap * tanh(scale * q.k / cap), or scale * q.k without a cap; q is already multiplied by the scale.</summary>
    public readonly float Capped(float score) => SoftCap > 0 ? SoftCap * Functions.Tanh(score * InverseSoftCap) : score;
}
