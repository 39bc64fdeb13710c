using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>A sequence of the step, read from the step's table.</summary>
internal struct StepSequence
{
    public int RowStart, RowCount, Past, PrefixLength, Capacity, KeyRow;
    public long Start; // chunks

    /// <summary>Reads one.</summary>
    public static StepSequence Read(ArrayView<int> sequences, int index)
    {
        int at = index * DeviceStepTable.Fields;
        return new StepSequence
        {
            RowStart = sequences[at + DeviceStepTable.RowStart],
            RowCount = sequences[at + DeviceStepTable.RowCount],
            Past = sequences[at + DeviceStepTable.Past],
            PrefixLength = sequences[at + DeviceStepTable.PrefixLength],
            Start = (uint)sequences[at + DeviceStepTable.StartLow] | ((long)sequences[at + DeviceStepTable.StartHigh] << 32),
            Capacity = sequences[at + DeviceStepTable.Capacity],
            KeyRow = sequences[at + DeviceStepTable.KeyRow],
        };
    }

    /// <summary>Tokens that have keys, this step's included.</summary>
    public readonly int Keys => Past + RowCount;

    /// <summary>The first token that the one at a position may see; <see cref="Compute.SequenceSlice.VisibleStart"/>.</summary>
    public readonly int VisibleStart(int position, int window) =>
        window <= 0 || position < PrefixLength ? 0 : IntrinsicMath.Max(0, position - window + 1);

    /// <summary>The end of the tokens that it may see: max(p, i + 1), and no more than there are.</summary>
    public readonly int VisibleEnd(int position) => IntrinsicMath.Min(IntrinsicMath.Max(PrefixLength, position + 1), Keys);

    /// <summary>Where the key of its first token is, in numbers; the next token's is <paramref name="rowNumbers"/> further.</summary>
    public readonly long KeysAt<TKv>(int layer, int rowNumbers) where TKv : struct, IKvFormat =>
        Start * TKv.ChunkNumbers + ((long)layer * 2 * Capacity + KeyRow) * rowNumbers;

    /// <summary>Where the value of its first token is: values stand behind a layer's keys.</summary>
    public readonly long ValuesAt<TKv>(int layer, int rowNumbers) where TKv : struct, IKvFormat =>
        KeysAt<TKv>(layer, rowNumbers) + (long)Capacity * rowNumbers;
}
