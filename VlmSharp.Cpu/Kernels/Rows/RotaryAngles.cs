using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// The angles of the rotary embedding: cos(m * theta_j), then sin(m * theta_j), theta_j = base^(-2j / D). theta and the
/// product are rounded to fp32, as in the models' own code; their sine and cosine are exact to fp32. Once a step, for all layers.
/// </summary>
internal unsafe struct RotaryAngles : IRowKernel
{
    private HostMatrix y; // the rows of one sequence
    private float* theta;
    private int position;

    public static void Run(CpuContext context, SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y)
    {
        int half = y.Columns / 2;
        float* theta = context.Shared.Reserve(half);
        for (int j = 0; j < half; j++) theta[j] = (float)Math.Pow(frequencyBase, -2.0 * j / y.Columns);
        foreach (SequenceSlice slice in batch.Slices)
        {
            var kernel = new RotaryAngles
            {
                y = new HostMatrix(y.RowPointer(slice.RowStart), slice.RowCount, y.Columns),
                theta = theta,
                position = positionBase + slice.Past,
            };
            RowLoop.Run(context.Team, kernel, slice.RowCount, y.Columns);
        }
    }

    public readonly void Row(int row, int worker)
    {
        int half = y.Columns / 2;
        float* to = y.RowPointer(row);
        for (int j = 0; j < half; j++)
        {
            float angle = (position + row) * theta[j];
            (double sin, double cos) = Math.SinCos(angle);
            to[j] = (float)cos;
            to[half + j] = (float)sin;
        }
    }
}
