using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>A sequence of the step, read from the step's table.</summary>
internal struct StepSequence
{
    public int RowStart, RowCount, Past, PrefixLength, Capacity, KeyRow;
    public long Start; // chunks

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

    /// <summary>Tokens that have keys, including those of this step.</summary>
    public readonly int Keys => Past + RowCount;

    /// <summary>The first token that the token at a position may see; see <see cref="Compute.SequenceSlice.VisibleStart"/>.</summary>
    public readonly int VisibleStart(int position, int window) =>
        window <= 0 || position < PrefixLength ? 0 : IntrinsicMath.Max(0, position - window + 1);

    /// <summary>The end of the tokens that the token at a position may see: max(p, i + 1), limited to the tokens that exist.</summary>
    public readonly int VisibleEnd(int position) => IntrinsicMath.Min(IntrinsicMath.Max(PrefixLength, position + 1), Keys);

    /// <summary>The index of the first token's key, in numbers; the next token's key is <paramref name="rowNumbers"/> further.</summary>
    public readonly long KeysAt<TKv>(int layer, int rowNumbers) where TKv : struct, IKvFormat =>
        Start * TKv.ChunkNumbers + ((long)layer * 2 * Capacity + KeyRow) * rowNumbers;

    /// <summary>The index of the first token's value; a layer's values follow its keys.</summary>
    public readonly long ValuesAt<TKv>(int layer, int rowNumbers) where TKv : struct, IKvFormat =>
        KeysAt<TKv>(layer, rowNumbers) + (long)Capacity * rowNumbers;
}
