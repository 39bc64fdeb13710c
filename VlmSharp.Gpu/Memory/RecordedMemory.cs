namespace VlmSharp.Gpu.Memory;

/// <summary>The memory that a recorded step's operators write to in each replay.</summary>
internal sealed class RecordedMemory
{
    private readonly List<DeviceBlock> blocks = [];

    /// <summary>Blocks that the step returned while it was recorded, for its own later operators.</summary>
    public BlockList Free { get; } = new();

    /// <summary>Reserves a block.</summary>
    public void Add(DeviceBlock block)
    {
        block.Recording = this;
        blocks.Add(block);
    }

    /// <summary>Releases all blocks.</summary>
    public IReadOnlyList<DeviceBlock> Clear()
    {
        DeviceBlock[] all = [.. blocks];
        foreach (DeviceBlock block in all) block.Recording = null;
        blocks.Clear();
        return all;
    }
}
