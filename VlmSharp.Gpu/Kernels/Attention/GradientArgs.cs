using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Arguments of the attention gradient kernels: all in fp32, for a step without a past.</summary>
internal struct GradientArgs
{
    public ArrayView<float> Gradient, Q; // dY and q, [T, H * D]
    public ArrayView<float> K, V; // [T, K * D]
    public ArrayView<float> Output; // y of the attention, [T, H * D]; for the statistics only
    public ArrayView<float> Statistics; // [T, 2 * H]: l of every head, then d of every head
    public ArrayView<float> Y; // the gradient, [T, H * D] or [H / K, T, K * D]
    public ArrayView<int> Sequences; // the step's table
    public int Rows, Heads, KvHeads, HeadDim, Window; // Rows: T
    public float Scale, SoftCap, InverseSoftCap;

    /// <summary>Whether every head is whole eights.</summary>
    public readonly bool IsAligned => (HeadDim & 7) == 0;

    /// <summary>Eights in a head, rounded up.</summary>
    public readonly int HeadEights => (HeadDim + 7) >> 3;

    /// <summary>The key-value head that a query head reads.</summary>
    public readonly int KvHead(int head) => head / (Heads / KvHeads);

    /// <summary>The index where a head of a query row begins.</summary>
    public readonly long QueryAt(int row, int head) => ((long)row * Heads + head) * HeadDim;

    /// <summary>The index where the keys, or the values, that a query head reads begin in a row.</summary>
    public readonly long KeyAt(int row, int head) => ((long)row * KvHeads + KvHead(head)) * HeadDim;

    /// <summary>s = cap * tanh(scale * q.k / cap), or scale * q.k without a cap.</summary>
    public readonly float Score(float dot) => SoftCap > 0 ? SoftCap * Functions.Tanh(Scale * dot * InverseSoftCap) : Scale * dot;
}
