using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>The query heads of one group of <see cref="DecodeAttention"/>: up to 8 that share a key-value head.</summary>
internal struct DecodeHeads
{
    public int KvHead, First, Count;

    /// <summary>The number of groups along the grid's y axis.</summary>
    public static int Groups(int heads, int kvHeads) => kvHeads * Blocks(heads / kvHeads);

    /// <summary>The heads of this group.</summary>
    public static DecodeHeads Of(AttentionArgs g)
    {
        int shared = g.Heads / g.KvHeads, blocks = Blocks(shared), kvHead = Grid.IdxY / blocks;
        int block = (Grid.IdxY - kvHead * blocks) * DecodeAttention.Heads, count = IntrinsicMath.Min(DecodeAttention.Heads, shared - block);
        return new DecodeHeads { KvHead = kvHead, First = kvHead * shared + block, Count = count };
    }

    private static int Blocks(int shared) => (shared + DecodeAttention.Heads - 1) / DecodeAttention.Heads;
}
