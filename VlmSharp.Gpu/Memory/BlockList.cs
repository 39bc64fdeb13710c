namespace VlmSharp.Gpu.Memory;

/// <summary>Unused blocks, by size.</summary>
internal sealed class BlockList
{
    private readonly Dictionary<long, Stack<DeviceBlock>> bySize = [];

    /// <summary>Takes a block of exactly this size; null if there is none.</summary>
    public DeviceBlock? Take(long bytes) =>
        bySize.TryGetValue(bytes, out Stack<DeviceBlock>? blocks) && blocks.TryPop(out DeviceBlock? block) ? block : null;

    /// <summary>Adds a block.</summary>
    public void Put(DeviceBlock block)
    {
        if (!bySize.TryGetValue(block.Buffer.LengthInBytes, out Stack<DeviceBlock>? blocks))
            bySize[block.Buffer.LengthInBytes] = blocks = new();
        blocks.Push(block);
    }

    /// <summary>Removes all blocks.</summary>
    public IReadOnlyList<DeviceBlock> Clear()
    {
        DeviceBlock[] all = [.. bySize.Values.SelectMany(blocks => blocks)];
        bySize.Clear();
        return all;
    }
}
