using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>The row that a group of <see cref="DecodeAttention"/> works on, and the keys that it may see.</summary>
internal struct DecodeRow
{
    public StepSequence Sequence;
    public int Row, Start, End; // no keys if another kernel handles the row

    public static DecodeRow Find(DecodeArgs g, int index)
    {
        bool every = g.EveryRow != 0;
        StepSequence sequence = StepSequence.Read(g.Attention.Sequences, every ? g.Attention.RowSequences[index] : index);
        int row = every ? index : sequence.RowStart, position = sequence.Past + row - sequence.RowStart;
        bool isMine = every || sequence.RowCount == 1;
        return new DecodeRow
        {
            Sequence = sequence,
            Row = row,
            Start = sequence.VisibleStart(position, g.Attention.Window),
            End = isMine ? sequence.VisibleEnd(position) : 0,
        };
    }
}
