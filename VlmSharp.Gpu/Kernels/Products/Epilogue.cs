using ILGPU;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// What becomes of a product's sums.
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

    /// <summary>Writes one number, or the padding behind a row.</summary>
    public readonly void Finish(int row, int column, float sum)
    {
        if (column >= Y.PaddedColumns) return;
        Y.Set(row, column, column < Columns ? Value(row, column, sum) : 0);
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
