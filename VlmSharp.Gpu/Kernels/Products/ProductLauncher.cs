using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>Chooses the kernel of a product by its shape and starts it.</summary>
/// <param name="context">The device and its memory.</param>
/// <typeparam name="TCore">The target of the kernels.</typeparam>
internal sealed class ProductLauncher<TCore>(GpuContext context) where TCore : struct, ICore
{
    /// <summary>x in the form that products take: bf16, or fp32 with padded rows.</summary>
    /// <returns>A matrix that the caller disposes of.</returns>
    public Matrix Prepare(Matrix x)
    {
        if (TCore.MultipliesBFloat16) return context.Narrow(x);
        using Matrix wide = context.Widen(x);
        return context.PadRows(wide);
    }

    /// <summary>epilogue(X W^T).</summary>
    /// <param name="x">[T, in], prepared.</param>
    /// <param name="weight">W [out, in].</param>
    /// <param name="epilogue">The last steps, and where the result goes.</param>
    public void Multiply(Matrix x, DeviceWeight weight, in Epilogue epilogue) => Multiply(x, weight, Operand.Of(weight), epilogue);

    /// <summary>epilogue(X W^T), with all rows of W or some of them.</summary>
    /// <param name="x">[T, in], prepared.</param>
    /// <param name="weight">W [out, in].</param>
    /// <param name="w">The rows to use.</param>
    /// <param name="epilogue">The last steps, and where the result goes.</param>
    public void Multiply(Matrix x, DeviceWeight weight, in Operand w, in Epilogue epilogue)
    {
        if (!ProductPlan.IsByRows<TCore>(x.Rows))
        {
            Tiles<RowsByRows>(Operand.Of(x), w, weight.Format, new(x.Rows, DeviceBlock.RowChunks(x.Columns), weight.Rows), epilogue);
            return;
        }

        var args = new RowArgs { X = Operand.Of(x), W = w, Epilogue = epilogue };
        context.Device.Launch(ProductKernels<TCore>.Linear(weight.Format), RowGroups(epilogue.Y.PaddedColumns, x.Rows), args);
    }

    /// <summary>gelu_tanh(X Wg^T) * (X Wu^T), both weights in one format, for few rows.</summary>
    public void MultiplyGatedRows(Matrix x, DeviceWeight gate, DeviceWeight up, in Epilogue epilogue)
    {
        var args = new GatedRowArgs { X = Operand.Of(x), Gate = Operand.Of(gate), Up = Operand.Of(up), Epilogue = epilogue };
        context.Device.Launch(ProductKernels<TCore>.Gated(gate.Format), new LaunchGrid((epilogue.Y.PaddedColumns + 1) / 2, x.Rows), args);
    }

    /// <summary>Three products of the same few rows of x, all weights in one format.</summary>
    public void MultiplyThree(Matrix x, DeviceWeight a, DeviceWeight b, DeviceWeight c, in Epilogue ofA, in Epilogue ofB, in Epilogue ofC)
    {
        var args = new ThreeRowsArgs
        {
            X = Operand.Of(x),
            A = Operand.Of(a),
            B = Operand.Of(b),
            C = Operand.Of(c),
            OfA = ofA,
            OfB = ofB,
            OfC = ofC,
        };
        int groups = RowGroups(a.Rows, 1).X + RowGroups(b.Rows, 1).X + RowGroups(c.Rows, 1).X;
        context.Device.Launch(ProductKernels<TCore>.Three(a.Format), new LaunchGrid(groups, x.Rows), args);
    }

    /// <summary>epilogue(X W): sums run down the columns of W.</summary>
    /// <param name="x">[T, out], prepared.</param>
    /// <param name="format">How W is stored.</param>
    /// <param name="w">W [out, in], or some of its rows.</param>
    /// <param name="epilogue">The last steps, and where the result goes.</param>
    public void MultiplyByColumns(Matrix x, DType format, in Operand w, in Epilogue epilogue) =>
        Tiles<RowsByColumns>(Operand.Of(x), w, format, new(x.Rows, DeviceBlock.RowChunks(w.Rows), epilogue.Columns), epilogue);

    /// <summary>epilogue(X^T W) of two matrices of activations.</summary>
    /// <param name="x">[T, out], prepared.</param>
    /// <param name="w">[T, in], prepared.</param>
    /// <param name="rows">out: the rows of the result, because x may have padding.</param>
    /// <param name="epilogue">The last steps, and where the result goes.</param>
    public void MultiplyColumns(Matrix x, Matrix w, int rows, in Epilogue epilogue) =>
        Tiles<ColumnsByColumns>(Operand.Of(x), Operand.Of(w), ProductKernels<TCore>.Activations,
            new(rows, DeviceBlock.RowChunks(x.Rows), epilogue.Columns), epilogue);

    private void Tiles<TForm>(in Operand x, in Operand w, DType format, in Extent extent, in Epilogue epilogue)
        where TForm : struct, IProductForm
    {
        var plan = ProductPlan.Of<TCore>(extent.Rows, extent.Eights, extent.Outputs, context.Device.Processors);
        using Matrix parts = plan.Parts > 1 ? context.Allocate(plan.Parts * extent.Rows, epilogue.Columns) : default;
        TiledKernel kernel = ProductKernels<TCore>.Tiled<TForm>(plan.TileRows, format);
        var grid = new LaunchGrid(
            (extent.Rows + plan.TileRows - 1) / plan.TileRows,
            (epilogue.Y.PaddedColumns + TCore.TileColumns - 1) / TCore.TileColumns,
            plan.Parts,
            kernel.SharedBytes);
        context.Device.Launch(kernel.Kernel, grid, new TiledArgs
        {
            X = x,
            W = w,
            Rows = extent.Rows,
            Steps = plan.Steps,
            PartSteps = plan.PartSteps,
            Parts = parts.HasValue ? parts.Floats() : default,
            Epilogue = epilogue,
        });
        if (!parts.HasValue) return;
        var sum = new PartSumArgs { Parts = parts.Floats(), Count = plan.Parts, Rows = extent.Rows, Epilogue = epilogue };
        context.Device.Launch(PartSum.Kernel, PartSum.Groups(sum), sum);
    }

    private static LaunchGrid RowGroups(int outputs, int rows) =>
        new((outputs + RowProduct<TCore, BFloat16Format>.GroupRows - 1) / RowProduct<TCore, BFloat16Format>.GroupRows, rows);

    /// <summary>What a product's plan depends on.</summary>
    /// <param name="Rows">Rows of the result.</param>
    /// <param name="Eights">Eights of the depth.</param>
    /// <param name="Outputs">Columns of the result; for a linear layer, all of its outputs.</param>
    private readonly record struct Extent(int Rows, int Eights, int Outputs);
}
