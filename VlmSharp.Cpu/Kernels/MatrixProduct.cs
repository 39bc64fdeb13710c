using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

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
    public static void Run<V>(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y)
        where V : struct, ISimd<V>
    {
        if (x.Rows == 0 || y.Columns == 0) return;
        if (up is not null && up.DType != weight.DType)
            throw new NotSupportedException($"A gated layer's two parameters must share a storage format, unlike {weight} and {up}.");
        switch (weight.DType)
        {
            case DType.F32: Run<V, F32Format>(context, x, weight, up, epilogue, y); break;
            case DType.BF16: Run<V, BF16Format>(context, x, weight, up, epilogue, y); break;
            case DType.F16: Run<V, F16Format>(context, x, weight, up, epilogue, y); break;
            default: throw Unknown(weight);
        }
        GC.KeepAlive(weight);
        GC.KeepAlive(up);
    }

    /// <summary>Widens one row of a parameter of any format.</summary>
    public static void Widen<V>(HostWeight weight, int row, float* target) where V : struct, ISimd<V>
    {
        byte* source = weight.RowPointer(row);
        switch (weight.DType)
        {
            case DType.F32: Packing.Widen<V, F32Format>(source, target, weight.Columns); break;
            case DType.BF16: Packing.Widen<V, BF16Format>(source, target, weight.Columns); break;
            case DType.F16: Packing.Widen<V, F16Format>(source, target, weight.Columns); break;
            default: throw Unknown(weight);
        }
        GC.KeepAlive(weight);
    }

    private static NotSupportedException Unknown(HostWeight weight) => new($"Weight {weight}: the CPU backend has no kernel for this storage format.");

    private static void Run<V, W>(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y)
        where V : struct, ISimd<V> where W : struct, IWeightFormat
    {
        byte* second = up is null ? null : up.Data;
        if (x.Rows <= FewRows) FewRowsProduct<V, W>.Run(context, x, weight.Data, second, epilogue, y);
        else ManyRowsProduct<V, W>.Run(context, x, weight.Data, second, epilogue, y);
    }
}
