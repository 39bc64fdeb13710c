using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<PatchEmbed>
{
    private const int GroupRows = ProductBlocks.PatchRows;

    /// <summary>
    /// y[n N + p] = W patch_p(image n) + bias + position[p]. The patches of some pictures are copied into rows (channel, y, x), which makes
    /// this a matrix product; pictures are processed in groups, which bounds the scratch.
    /// </summary>
    public void Run(in PatchEmbed op, HostMatrix y)
    {
        HostMatrix pixels = op.Pixels.OnHost();
        HostWeight kernel = op.Kernel.OnHost(), positions = op.Positions.OnHost();
        int perImage = positions.Rows, group = Math.Max(1, GroupRows / Math.Max(perImage, 1));
        fixed (float* b = op.Bias.OnHost().Vector())
        {
            var epilogue = new Epilogue { Bias = b };
            for (int image = 0; image < pixels.Rows; image += group)
            {
                int rows = Math.Min(group, pixels.Rows - image) * perImage;
                HostMatrix patches = Gather(pixels, image, rows, kernel.Columns, op.Side, op.Patch);
                MatrixProduct.Run<V>(context, patches, kernel, null, epilogue, y.Part(image * perImage, rows));
            }
        }
        AddPositions(positions, y);
    }

    // Copies the patches of some pictures, starting at an image, into rows (channel, y, x) in scratch.
    private HostMatrix Gather(HostMatrix pixels, int image, int rows, int columns, int side, int patch)
    {
        var patches = new HostMatrix(context.Patches.Reserve((long)rows * columns), rows, columns); // [patches, 3 * patch * patch]
        var gather = new GatherRows { Pixels = pixels, Image = image, Patches = patches, Side = side, Patch = patch };
        RowLoop.Run(context.Team, gather, rows, columns);
        return patches;
    }

    private void AddPositions(HostWeight positions, HostMatrix y)
    {
        float* table = context.Patches.Reserve((long)positions.Rows * positions.Columns);
        for (int p = 0; p < positions.Rows; p++) MatrixProduct.Widen<V>(positions, p, table + (nint)p * positions.Columns);
        RowLoop.Run(context.Team, new PositionRows { Table = table, PerImage = positions.Rows, Y = y }, y.Rows, y.Columns);
    }

    // Row p of the patches: for each channel and each line of the patch, its pixels.
    private struct GatherRows : IRowKernel
    {
        public HostMatrix Pixels, Patches;
        public int Image, Side, Patch;

        public readonly void Row(int row, int worker)
        {
            int perSide = Side / Patch, place = row % (perSide * perSide);
            float* corner = Pixels.RowPointer(Image + row / (perSide * perSide)) +
                (nint)(place / perSide * Patch) * Side + place % perSide * Patch;
            float* to = Patches.RowPointer(row);
            for (int channel = 0; channel < 3; channel++)
                for (int line = 0; line < Patch; line++, to += Patch)
                    new ReadOnlySpan<float>(corner + ((nint)channel * Side + line) * Side, Patch).CopyTo(new Span<float>(to, Patch));
        }
    }

    private struct PositionRows : IRowKernel
    {
        public float* Table;
        public int PerImage;
        public HostMatrix Y;

        public readonly void Row(int row, int worker) =>
            AddMap<V>.Run(Y.RowPointer(row), Table + (nint)(row % PerImage) * Y.Columns, Y.RowPointer(row), Y.Columns);
    }
}
