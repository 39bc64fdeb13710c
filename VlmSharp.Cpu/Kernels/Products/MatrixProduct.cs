using System.Numerics.Tensors;
using System.Runtime.Intrinsics.X86;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of activations with one or two parameters, y = epilogue(x W^T) or y = gelu_tanh(x Wg^T) * (x Wu^T). Chooses the
/// kernel by the number of rows and the storage format. Another format needs one more struct in <c>Formats</c> and one more case here and
/// in <see cref="WeightRows.Widen"/>.
/// </summary>
internal static unsafe class MatrixProduct
{
    // With at most this many rows, each weight is used so rarely that widening it in registers costs less than packing it.
    private const int FewRows = 12;

    /// <summary>Computes the product.</summary>
    /// <param name="context">Threads and scratch.</param>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="up">Wu [out, in] of a gated layer, whose gate is then <paramref name="weight"/>, or null.</param>
    /// <param name="epilogue">The operations on the sums; a gated layer has no others than its gate.</param>
    /// <param name="y">[T, out].</param>
    /// <param name="rows">Which rows of the weight, as many as y has columns, or null for all.</param>
    public static void Run<V>(
        CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y, int* rows = null)
        where V : struct, ISimd<V>
    {
        if (x.Rows == 0 || y.Columns == 0) return;
        if (up is not null && up.DType != weight.DType)
        {
            RunMixed<V>(context, x, weight, up, y);
            return;
        }

        Run<V>(context, x, new WeightRows(weight, rows), up is null ? default : new(up), epilogue, y);
        GC.KeepAlive(weight);
        GC.KeepAlive(up);
    }

    /// <summary>Computes the product with some rows of a parameter.</summary>
    /// <param name="context">Threads and scratch.</param>
    /// <param name="x">[T, in], T at least 1.</param>
    /// <param name="first">As many rows as y has columns, at least 1; the caller keeps the parameter alive.</param>
    /// <param name="second">Wu of a gated layer in the same format, or <c>default</c>.</param>
    /// <param name="epilogue">The operations on the sums.</param>
    /// <param name="y">[T, out].</param>
    public static void Run<V>(
        CpuContext context, HostMatrix x, in WeightRows first, in WeightRows second, in Epilogue epilogue, HostMatrix y)
        where V : struct, ISimd<V>
    {
        switch (first.Format)
        {
            case DType.F32: Run<V, Gemv<V, F32Format>, FloatProduct>(context, x, first, second, epilogue, y); break;
            case DType.BF16: Run<V, Gemv<V, BF16Format>, FloatProduct>(context, x, first, second, epilogue, y); break;
            case DType.F16: Run<V, Gemv<V, F16Format>, FloatProduct>(context, x, first, second, epilogue, y); break;
            case DType.Int8 when context.ActivationBits == 8 && typeof(V) == typeof(V128):
                Run<V128, IntegerGemv<V128, Int8x8Format>, ByteProduct<Int8Format>>(context, x, first, second, epilogue, y);
                break;
            case DType.Int8 when context.ActivationBits == 8: // AVX-VNNI has no 512 bits
                Run<V256, IntegerGemv<V256, Int8x8Format>, ByteProduct<Int8Format>>(context, x, first, second, epilogue, y);
                break;
            case DType.Int4 when AvxVnni.IsSupported && typeof(V) == typeof(V256): // with 512 bits the other instructions are as fast
                Run<V256, IntegerGemv<V256, Int4Format>, ByteProduct<Int4Format>>(context, x, first, second, epilogue, y);
                break;
            case DType.Int8: Run<V, IntegerGemv<V, Int8Format>, GroupProduct<Int8Format>>(context, x, first, second, epilogue, y); break;
            case DType.Int4: Run<V, IntegerGemv<V, Int4Format>, GroupProduct<Int4Format>>(context, x, first, second, epilogue, y); break;
            case DType.Nf4: Run<V, CodeGemv<V>, FloatProduct>(context, x, first, second, epilogue, y); break;
            default: throw first.Unknown();
        }
    }

    /// <summary>Widens one row of a parameter of any format.</summary>
    public static void Widen<V>(HostWeight weight, int row, float* target) where V : struct, ISimd<V>
    {
        new WeightRows(weight).Widen<V>(row, 0, weight.Columns, target);
        GC.KeepAlive(weight);
    }

    /// <summary>
    /// A gated layer whose two parameters have different storage formats: two products, then the product of both. Rare, so not fused.
    /// </summary>
    private static void RunMixed<V>(CpuContext context, HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y)
        where V : struct, ISimd<V>
    {
        long length = (long)y.Rows * y.Columns;
        var second = new HostMatrix(context.SecondProduct.Reserve(length), y.Rows, y.Columns); // [T, out]
        Run<V>(context, x, gate, null, new Epilogue { Activation = Activation.GeluTanh }, y);
        Run<V>(context, x, up, null, default, second);
        for (int row = 0; row < y.Rows; row++) TensorPrimitives.Multiply(y.Row(row), second.Row(row), y.Row(row));
    }

    private static void Run<V, G, P>(CpuContext context, HostMatrix x, WeightRows weight, WeightRows up, in Epilogue epilogue, HostMatrix y)
        where V : struct, ISimd<V> where G : struct, IGemv<G> where P : struct, ITileProduct
    {
        if (x.Rows <= FewRows) FewRowsProduct<V, G>.Run(context, x, weight, up, epilogue, y);
        else ManyRowsProduct<V, P>.Run(context, x, weight, up, epilogue, y);
    }
}
