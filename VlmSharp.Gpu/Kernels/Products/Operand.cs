using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>A matrix of a product, x or a weight, as kernels read it: in chunks. The kernel's type argument is its format.</summary>
internal struct Operand
{
    public ArrayView<U4> Data; // [rows, chunks]
    public ArrayView<ushort> Scales; // bf16, a table for Nf4 (Nf4Table), or empty
    public long Address; // of Data in device memory, for asynchronous copies
    public ArrayView<int> Selected; // the rows to use, one by one; empty for all
    public int First, Rows, RowChunks; // the first row to use if none are selected; how many are used

    /// <summary>The first chunk of a row.</summary>
    public readonly long RowStart(int row) => (long)(Selected.Length > 0 ? Selected[row] : First + row) * RowChunks;

    /// <summary>A whole parameter.</summary>
    public static Operand Of(DeviceWeight weight) => new()
    {
        Data = weight.Data,
        Scales = weight.Scales,
        Address = weight.Address,
        Rows = weight.Rows,
        RowChunks = weight.Format == DType.F32 ? weight.RowChunks / 2 : weight.RowChunks,
    };

    /// <summary>Some rows of a parameter.</summary>
    public static Operand Of(DeviceWeight weight, ArrayView<int> rows) => Of(weight) with { Selected = rows, Rows = (int)rows.Length };

    /// <summary>Adjacent rows of a parameter.</summary>
    public static Operand Of(DeviceWeight weight, int first, int count) => Of(weight) with { First = first, Rows = count };

    /// <summary>Activations: bf16, or fp32 with rows of whole eights.</summary>
    public static Operand Of(Matrix x)
    {
        DeviceBlock block = x.Block();
        if (!block.IsNarrow && x.Columns % DeviceBlock.ChunkNumbers != 0)
            throw new InvalidOperationException($"The rows of {x} are not padded.");
        int chunks = DeviceBlock.RowChunks(x.Columns);
        return new Operand
        {
            Data = block.Buffer.View.BaseView.SubView(0, (long)x.Rows * chunks * (block.IsNarrow ? 1 : 2)),
            Address = block.Buffer.NativePtr,
            Rows = x.Rows,
            RowChunks = chunks,
        };
    }
}
