namespace VlmSharp.Gpu.Memory;

/// <summary>The memory of a recorded step: where its operators write, in each replay.</summary>
internal sealed class RecordedMemory
{
    private readonly List<DeviceBlock> blocks = [];

    /// <summary>Blocks that the step has given back while it is recorded, for its own later operators.</summary>
    public BlockList Free { get; } = new();

    /// <summary>Sets a block aside.</summary>
    public void Add(DeviceBlock block)
    {
        block.Recording = this;
        blocks.Add(block);
    }

    /// <summary>Ends the setting aside of all.</summary>
    public IReadOnlyList<DeviceBlock> Clear()
    {
        DeviceBlock[] all = [.. blocks];
        foreach (DeviceBlock block in all) block.Recording = null;
        blocks.Clear();
        return all;
    }
}
