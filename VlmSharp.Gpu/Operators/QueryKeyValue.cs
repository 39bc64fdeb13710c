using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IFusedKernel<QueryKeyValue, (Matrix Q, Matrix K, Matrix V)>
{
    /// <summary>For few rows, the three products are one launch: those of keys and values are too small to keep a device busy.</summary>
    public (Matrix Q, Matrix K, Matrix V) Run(in QueryKeyValue op, IComputeBackend b)
    {
        DeviceWeight query = op.Query.OnDevice(), key = op.Key.OnDevice(), value = op.Value.OnDevice();
        if (!ProductPlan.IsByRows<TCore>(op.X.Rows) || query.Format != key.Format || query.Format != value.Format) return op.Compose(b);

        using Matrix n = b.RmsNorm(op.X, op.Norm, op.Epsilon), x = products.Prepare(n); // [T, F]
        using Matrix q = context.Allocate(x.Rows, query.Rows), k = context.Allocate(x.Rows, key.Rows); // [T, H * D], [T, K * D]
        Matrix v = context.Allocate(x.Rows, value.Rows); // [T, K * D]
        products.MultiplyThree(x, query, key, value, Plain(q), Plain(k), Plain(v));
        return (b.Rope(q, op.Angles), b.Rope(k, op.Angles), v);
    }

    private static Epilogue Plain(Matrix y) => new() { Y = RowTarget.Of(y), Columns = y.Columns };
}
