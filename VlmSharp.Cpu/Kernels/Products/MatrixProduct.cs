using System.Numerics.Tensors;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of activations with one parameter or two, y = epilogue(x W^T) or y = gelu_tanh(x Wg^T) * (x Wu^T): chooses the
/// kernel by the number of rows and the storage format.
/// </summary>
internal static unsafe class MatrixProduct
{
    // Up to here the weights are used so few times that widening them in registers costs less than packing them.
    private const int FewRows = 12;

    /// <summary>Computes the product.</summary>
    /// <param name="context">Threads and scratch.</param>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="up">Wu [out, in] of a gated layer, whose gate is then <paramref name="weight"/>, or null.</param>
    /// <param name="epilogue">What follows the sums; of a gated layer nothing else does.</param>
    /// <param name="y">[T, out].</param>
    /// <param name="rows">Which rows of the weight, as many as y has columns, or null for all.</param>
    public static void Run<V>(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y, int* rows = null)
        where V : struct, ISimd<V>
    {
        if (x.Rows == 0 || y.Columns == 0) return;
        if (up is not null && up.DType != weight.DType)
        {
            RunMixed<V>(context, x, weight, up, y);
            return;
        }

        switch (weight.DType)
        {
            case DType.F32: Run<V, Plain<F32Format>, FloatProduct>(context, x, weight, up, epilogue, y, rows); break;
            case DType.BF16: Run<V, Plain<BF16Format>, FloatProduct>(context, x, weight, up, epilogue, y, rows); break;
            case DType.F16: Run<V, Plain<F16Format>, FloatProduct>(context, x, weight, up, epilogue, y, rows); break;
            case DType.Int8: Run<V, Grouped<Int8Format>, GroupProduct<Int8Format>>(context, x, weight, up, epilogue, y, rows); break;
            case DType.Int4: Run<V, Grouped<Int4Format>, GroupProduct<Int4Format>>(context, x, weight, up, epilogue, y, rows); break;
            default: throw Unknown(weight);
        }
        GC.KeepAlive(weight);
        GC.KeepAlive(up);
    }

    /// <summary>Widens one row of a parameter of any format.</summary>
    public static void Widen<V>(HostWeight weight, int row, float* target) where V : struct, ISimd<V>
    {
        switch (weight.DType)
        {
            case DType.F32: Packing.Widen<V, F32Format>(Rows(weight).At(row), target, weight.Columns); break;
            case DType.BF16: Packing.Widen<V, BF16Format>(Rows(weight).At(row), target, weight.Columns); break;
            case DType.F16: Packing.Widen<V, F16Format>(Rows(weight).At(row), target, weight.Columns); break;
            case DType.Int8: Grouped<Int8Format>.Widen<V>(Rows(weight), row, weight.Columns, target); break;
            case DType.Int4: Grouped<Int4Format>.Widen<V>(Rows(weight), row, weight.Columns, target); break;
            default: throw Unknown(weight);
        }
        GC.KeepAlive(weight);
    }

    /// <summary>A gated layer whose two parameters are stored in different formats: two products, then theirs. Rare, so not fused.</summary>
    private static void RunMixed<V>(CpuContext context, HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y) where V : struct, ISimd<V>
    {
        long length = (long)y.Rows * y.Columns;
        var second = new HostMatrix(context.SecondProduct.Reserve(length), y.Rows, y.Columns); // [T, out]
        Run<V>(context, x, gate, null, new Epilogue { Activation = Activation.GeluTanh }, y);
        Run<V>(context, x, up, null, default, second);
        for (int row = 0; row < y.Rows; row++) TensorPrimitives.Multiply(y.Row(row), second.Row(row), y.Row(row));
    }

    private static WeightRows Rows(HostWeight weight, int* places = null) =>
        new(weight.Data, (nint)weight.DType.RowBytes(weight.Columns), places, weight.Scales, (nint)weight.DType.Groups(weight.Columns));

    private static NotSupportedException Unknown(HostWeight weight) => new($"Weight {weight}: the CPU backend has no kernel for this storage format.");

    private static void Run<V, W, P>(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y, int* rows)
        where V : struct, ISimd<V> where W : struct, IWeightFormat where P : struct, ITileProduct
    {
        WeightRows first = Rows(weight, rows), second = up is null ? default : Rows(up);
        if (x.Rows <= FewRows) FewRowsProduct<V, W>.Run(context, x, first, second, epilogue, y);
        else ManyRowsProduct<V, W, P>.Run(context, x, first, second, epilogue, y);
    }
}
