using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LinearInputGradient>
{
    /// <summary>dX[t, i] = sum_o dY[t, o] W[o, i].</summary>
    public void Run(in LinearInputGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost();
        HostWeight weight = op.Weight.OnHost();
        double[,] sums = new double[y.Rows, y.Columns];
        for (int o = 0; o < weight.Rows; o++)
        {
            float[] w = weight.Row(o); // [in]
            for (int t = 0; t < y.Rows; t++)
                for (int i = 0; i < w.Length; i++) sums[t, i] += (double)dy.Row(t)[o] * w[i];
        }

        Round(sums, y);
    }

    /// <summary>Rounds the sums in double to the fp32 result.</summary>
    private static void Round(double[,] sums, HostMatrix y)
    {
        for (int row = 0; row < y.Rows; row++)
            for (int column = 0; column < y.Columns; column++) y.Row(row)[column] = (float)sums[row, column];
    }
}
