using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>Chooses the kernel of a product by its shape and starts it.</summary>
/// <param name="context">The device and its memory.</param>
/// <typeparam name="TCore">What the kernels are compiled for.</typeparam>
internal sealed class ProductLauncher<TCore>(GpuContext context) where TCore : struct, ICore
{
    /// <summary>x as the products take it: bf16, or fp32 with padded rows.</summary>
    /// <returns>To be disposed of.</returns>
    public Matrix Prepare(Matrix x)
    {
        if (TCore.MultipliesBFloat16) return context.Narrow(x);
        using Matrix wide = context.Widen(x);
        return context.PadRows(wide);
    }

    /// <summary>epilogue(X W^T).</summary>
    /// <param name="x">[T, in], prepared.</param>
    /// <param name="weight">W [out, in].</param>
    /// <param name="epilogue">What becomes of the sums, and where they go.</param>
    public void Multiply(Matrix x, DeviceWeight weight, in Epilogue epilogue) => Multiply(x, weight, Operand.Of(weight), epilogue);

    /// <summary>epilogue(X W^T), all of W or some of its rows.</summary>
    /// <param name="x">[T, in], prepared.</param>
    /// <param name="weight">W [out, in].</param>
    /// <param name="w">The rows that are wanted.</param>
    /// <param name="epilogue">What becomes of the sums, and where they go.</param>
    public void Multiply(Matrix x, DeviceWeight weight, in Operand w, in Epilogue epilogue)
    {
        if (!ProductPlan.IsByRows<TCore>(x.Rows))
        {
            MultiplyTiles(x, weight, w, epilogue);
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

    private void MultiplyTiles(Matrix x, DeviceWeight weight, in Operand w, in Epilogue epilogue)
    {
        var plan = ProductPlan.Of<TCore>(x.Rows, DeviceBlock.RowChunks(x.Columns), weight.Rows, context.Device.Processors);
        using Matrix parts = plan.Parts > 1 ? context.Allocate(plan.Parts * x.Rows, epilogue.Columns) : default;
        TiledKernel kernel = ProductKernels<TCore>.Tiled(plan.TileRows, weight.Format);
        var grid = new LaunchGrid(
            (x.Rows + plan.TileRows - 1) / plan.TileRows,
            (epilogue.Y.PaddedColumns + TCore.TileColumns - 1) / TCore.TileColumns,
            plan.Parts,
            kernel.SharedBytes);
        context.Device.Launch(kernel.Kernel, grid, new TiledArgs
        {
            X = Operand.Of(x),
            W = w,
            Steps = plan.Steps,
            PartSteps = plan.PartSteps,
            Parts = parts.HasValue ? parts.Floats() : default,
            Epilogue = epilogue,
        });
        if (!parts.HasValue) return;
        var sum = new PartSumArgs { Parts = parts.Floats(), Count = plan.Parts, Rows = x.Rows, Epilogue = epilogue };
        context.Device.Launch(PartSum.Kernel, PartSum.Groups(sum), sum);
    }

    private static LaunchGrid RowGroups(int outputs, int rows) =>
        new((outputs + RowProduct<TCore, BFloat16Format>.GroupRows - 1) / RowProduct<TCore, BFloat16Format>.GroupRows, rows);
}
