using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<RotaryAngles>
{
    private static readonly Kernel<RotaryAnglesArgs> RotaryAnglesKernel = new("RotaryAngles", RotaryAnglesElement, ElementThreads);

    /// <summary>
    /// y[t] = cos(m theta_j), then sin(m theta_j), with theta_j = base^(-2j / D) and m the position of row t: a row of a table.
    /// </summary>
    public Matrix Run(in RotaryAngles op, MatrixShape shape)
    {
        DeviceStepTable step = op.Step.OnDevice();
        Matrix y = Allocate(shape); // [T, D]
        Launch(RotaryAnglesKernel, Elements(y.Length), new RotaryAnglesArgs
        {
            Table = context.Rotary.Get(op.HeadDim, op.FrequencyBase, checked(op.PositionBase + step.MostKeys)),
            Sequences = step.Sequences,
            RowSequences = step.RowSequences,
            Y = y.Floats(),
            HeadDim = op.HeadDim,
            PositionBase = op.PositionBase,
        });
        return y;
    }

    /// <summary>A thread has one number.</summary>
    private static void RotaryAnglesElement(RotaryAnglesArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Y.Length) return;
        int row = (int)(i / g.HeadDim), column = (int)(i - (long)row * g.HeadDim), sequence = g.RowSequences[row] * DeviceStepTable.Fields;
        int past = g.Sequences[sequence + DeviceStepTable.Past], rowStart = g.Sequences[sequence + DeviceStepTable.RowStart];
        int position = g.PositionBase + past + row - rowStart;
        g.Y[i] = g.Table[(long)position * g.HeadDim + column];
    }

    internal struct RotaryAnglesArgs
    {
        public ArrayView<float> Table, Y; // [positions, D], [T, D]
        public ArrayView<int> Sequences, RowSequences; // [sequences, 8], [T]
        public int HeadDim, PositionBase;
    }
}
