namespace VlmSharp.Gpu.Memory;

/// <summary>Blocks that nobody has, by size.</summary>
internal sealed class BlockList
{
    private readonly Dictionary<long, Stack<DeviceBlock>> bySize = [];

    /// <summary>A block of just that size, or null.</summary>
    public DeviceBlock? Take(long bytes) =>
        bySize.TryGetValue(bytes, out Stack<DeviceBlock>? blocks) && blocks.TryPop(out DeviceBlock? block) ? block : null;

    /// <summary>Puts one in.</summary>
    public void Put(DeviceBlock block)
    {
        if (!bySize.TryGetValue(block.Buffer.LengthInBytes, out Stack<DeviceBlock>? blocks)) bySize[block.Buffer.LengthInBytes] = blocks = new();
        blocks.Push(block);
    }

    /// <summary>Takes all out.</summary>
    public IReadOnlyList<DeviceBlock> Clear()
    {
        DeviceBlock[] all = [.. bySize.Values.SelectMany(blocks => blocks)];
        bySize.Clear();
        return all;
    }
}
