using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>What the kernels of attention take.</summary>
internal struct AttentionArgs
{
    public ArrayView<float> Q; // [T, H * D]
    public ArrayView<U4> Memory; // of keys and values
    public ArrayView<int> Sequences, RowSequences; // the step's table
    public RowTarget Y; // [T, H * D]
    public int Layer, Heads, KvHeads, HeadDim, Window;
    public float Scale, SoftCap, InverseSoftCap;

    /// <summary>Numbers of a row of keys or values with its padding.</summary>
    public readonly int KvRowNumbers => (KvHeads * HeadDim + 7) / 8 * 8;

    /// <summary>Whether a head is whole chunks of 16 bytes everywhere.</summary>
    public readonly bool IsAligned => (HeadDim & 7) == 0;

    /// <summary>Chunks of 8 features of a head, the last one filled up.</summary>
    public readonly int HeadChunks => (HeadDim + 7) >> 3;

    /// <summary>s = cap * tanh(scale * q.k / cap), or scale * q.k without a cap; of q that is multiplied by the scale already.</summary>
    public readonly float Capped(float score) => SoftCap > 0 ? SoftCap * Functions.Tanh(score * InverseSoftCap) : score;
}
