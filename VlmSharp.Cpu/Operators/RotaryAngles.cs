using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<RotaryAngles>
{
    /// <summary>
    /// y[t] = cos(m theta_j), then sin(m theta_j); in double precision, since it runs once per step and not once per layer.
    /// </summary>
    public void Run(in RotaryAngles op, HostMatrix y)
    {
        int half = y.Columns / 2;
        float* theta = context.Shared.Reserve(half);
        for (int j = 0; j < half; j++) theta[j] = (float)Math.Pow(op.FrequencyBase, -2.0 * j / y.Columns);
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            var rows = new AngleRows { Y = y.Part(slice.RowStart, slice.RowCount), Theta = theta, Position = op.PositionBase + slice.Past };
            RowLoop.Run(context.Team, rows, slice.RowCount, y.Columns);
        }
    }

    private struct AngleRows : IRowKernel
    {
        public HostMatrix Y; // the rows of one sequence
        public float* Theta;
        public int Position;

        public readonly void Row(int row, int worker)
        {
            int half = Y.Columns / 2;
            float* to = Y.RowPointer(row);
            for (int j = 0; j < half; j++)
            {
                float angle = (Position + row) * Theta[j]; // rounded to fp32, as the models' own code does
                (double sin, double cos) = Math.SinCos(angle);
                to[j] = (float)cos;
                to[half + j] = (float)sin;
            }
        }
    }
}
