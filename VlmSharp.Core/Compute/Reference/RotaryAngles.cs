using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<RotaryAngles>
{
    /// <summary>y[t] = cos(m theta_j), then sin(m theta_j), with theta_j = base^(-2j / D) and m the position of row t.</summary>
    public void Run(in RotaryAngles op, HostMatrix y)
    {
        int half = y.Columns / 2;
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
            for (int i = 0; i < slice.RowCount; i++)
            {
                Span<float> row = y.Row(slice.RowStart + i); // [D]: cos, then sin
                int position = op.PositionBase + slice.Past + i;
                for (int j = 0; j < half; j++)
                {
                    // theta and the angle are fp32 in the models' own code; more exact values would give other rotations.
                    float theta = (float)Math.Pow(op.FrequencyBase, -2.0 * j / y.Columns);
                    float angle = position * theta;
                    row[j] = (float)Math.Cos(angle);
                    row[half + j] = (float)Math.Sin(angle);
                }
            }
    }
}
