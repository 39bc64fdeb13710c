using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// The last steps of a product, applied to its sums.
/// <code>
/// y[t, o] = act(sum[t, o] + bias[o]) * factor[t, o] + residual[t, o]
/// </code>
/// </summary>
internal struct Epilogue
{
    public RowTarget Y, Factor; // [T, out]; Factor may be empty
    public ArrayView<float> Bias, Residual; // [out], [T, out], or empty
    public int Columns; // out
    public int IsGelu; // 1 for gelu_tanh

    /// <summary>Writes one number, or the padding after a row.</summary>
    public readonly void Finish(int row, int column, float sum)
    {
        if (column >= Y.PaddedColumns) return;
        Y.Set(row, column, column < Columns ? Value(row, column, sum) : 0);
    }

    /// <summary>Writes four adjacent numbers, in one store if rows are multiples of four.</summary>
    public readonly void FinishFour(int row, int column, F4 sums)
    {
        if ((Columns & 3) != 0)
        {
            Finish(row, column, sums.X);
            Finish(row, column + 1, sums.Y);
            Finish(row, column + 2, sums.Z);
            Finish(row, column + 3, sums.W);
        }
        else if (column < Y.PaddedColumns)
        {
            F4 zero = default;
            Y.SetFour(row, column, column < Columns ? FourValues(row, column, sums) : zero);
        }
    }

    private readonly F4 FourValues(int row, int column, F4 sums)
    {
        if (Bias.Length > 0) sums = sums.Plus(Bias.Cast<F4>()[column >> 2]);
        if (IsGelu != 0)
        {
            sums.X = Functions.GeluTanh(sums.X);
            sums.Y = Functions.GeluTanh(sums.Y);
            sums.Z = Functions.GeluTanh(sums.Z);
            sums.W = Functions.GeluTanh(sums.W);
        }

        if (Factor.PaddedColumns > 0) sums = sums.Times(Factor.GetFour(row, column));
        if (Residual.Length > 0) sums = sums.Plus(Residual.Cast<F4>()[((long)row * Columns + column) >> 2]);
        return sums;
    }

    private readonly float Value(int row, int column, float sum)
    {
        if (Bias.Length > 0) sum += Bias[column];
        if (IsGelu != 0) sum = Functions.GeluTanh(sum);
        if (Factor.PaddedColumns > 0) sum *= Factor.Get(row, column);
        if (Residual.Length > 0) sum += Residual[(long)row * Columns + column];
        return sum;
    }
}
