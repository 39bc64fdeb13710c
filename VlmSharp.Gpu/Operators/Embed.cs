using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Embed>
{
    private static readonly Kernel<EmbedArgs> EmbedKernel = new("Embed", EmbedElement, ElementThreads);

    /// <summary>y[t] = scale * table[id_t].</summary>
    public Matrix Run(in Embed op, MatrixShape shape)
    {
        DeviceWeight table = op.Table.OnDevice();
        Matrix y = Allocate(shape); // [T, F]
        Launch(EmbedKernel, Elements(y.Length), new EmbedArgs
        {
            Table = StoredNumbers.Of(table),
            Ids = op.Ids.Integers(),
            Choice = op.Choice.HasValue ? op.Choice.Floats().Cast<int>() : default,
            Y = y.Floats(),
            Columns = shape.Columns,
            Vocabulary = table.Rows,
            ChoiceColumns = op.Choice.Columns,
            Scale = op.Scale,
        });
        return y;
    }

    /// <summary>
    /// A thread has one number. The id is the text's own. An id below 0 selects a row of the choice, whose first word is the id.
    /// </summary>
    private static void EmbedElement(EmbedArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Y.Length) return;
        int row = (int)(i / g.Columns), column = (int)(i - (long)row * g.Columns), id = g.Ids[row];
        if (id < 0) id = g.Choice[(-1 - id) * g.ChoiceColumns];
        id = IntrinsicMath.Clamp(id, 0, g.Vocabulary - 1); // undefined until the host has chosen
        g.Y[i] = g.Scale * g.Table.At(id, column);
    }

    internal struct EmbedArgs
    {
        public StoredNumbers Table; // [V, F]
        public ArrayView<int> Ids, Choice; // [T], [B, 2 + 2 N] or empty
        public ArrayView<float> Y; // [T, F]
        public int Columns, Vocabulary, ChoiceColumns;
        public float Scale;
    }
}
