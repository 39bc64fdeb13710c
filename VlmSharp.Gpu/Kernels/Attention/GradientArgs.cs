using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>What the kernels of attention's gradients take: all in fp32, for a step without a past.</summary>
internal struct GradientArgs
{
    public ArrayView<float> Gradient, Q; // dY and q, [T, H * D]
    public ArrayView<float> K, V; // [T, K * D]
    public ArrayView<float> Output; // y of the attention, [T, H * D]; of the statistics alone
    public ArrayView<float> Statistics; // [T, 2 * H]: l of every head, then d of every head
    public ArrayView<float> Y; // the gradient, [T, H * D] or [H / K, T, K * D]
    public ArrayView<int> Sequences; // the step's table
    public int Rows, Heads, KvHeads, HeadDim, Window; // Rows: T
    public float Scale, SoftCap, InverseSoftCap;

    /// <summary>Whether a head is whole eights everywhere.</summary>
    public readonly bool IsAligned => (HeadDim & 7) == 0;

    /// <summary>Eights of a head, the last one filled up.</summary>
    public readonly int HeadEights => (HeadDim + 7) >> 3;

    /// <summary>The key-value head that a query head reads.</summary>
    public readonly int KvHead(int head) => head / (Heads / KvHeads);

    /// <summary>Where a head of a row of queries begins.</summary>
    public readonly long QueryAt(int row, int head) => ((long)row * Heads + head) * HeadDim;

    /// <summary>Where the keys, or the values, that a query head reads begin in a row.</summary>
    public readonly long KeyAt(int row, int head) => ((long)row * KvHeads + KvHead(head)) * HeadDim;

    /// <summary>s = cap * tanh(scale * q.k / cap), or scale * q.k without a cap.</summary>
    public readonly float Score(float dot) => SoftCap > 0 ? SoftCap * Functions.Tanh(Scale * dot * InverseSoftCap) : Scale * dot;
}
