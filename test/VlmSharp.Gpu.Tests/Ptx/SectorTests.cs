using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Sectors of global memory that a warp reads, counted. The buffer is 256 bytes: 8 sectors.</summary>
public class SectorTests
{
    private const string At = "cvt.u64.u32 b, a; add.u64 b, in, b; ";

    private static long Sectors(string body, int threads = 32) => Snippet.Run(body, threads).SectorsRead;

    [Theory]
    [InlineData("shl.b32 a, t, 2;", 4)] // neighbors: 128 bytes
    [InlineData("shl.b32 a, t, 3;", 8)] // every second word
    [InlineData("mov.b32 a, 4;", 1)] // one word for all
    [InlineData("and.b32 a, t, 7; shl.b32 a, a, 5;", 8)] // each sector again and again
    [InlineData("and.b32 a, t, 1; shl.b32 a, a, 7;", 2)] // two, by turns
    public void What_lanes_read_together_is_collected(string address, int sectors) =>
        Assert.Equal(sectors, Sectors(address + At + "ld.global.b32 d, [b];"));

    [Fact]
    public void A_wide_load_reads_as_many_as_it_has_bytes() =>
        Assert.Equal(8, Sectors("shl.b32 a, t, 4;" + At + "ld.global.v4.b32 {x0, x1, x2, x3}, [b];", 16));

    [Fact]
    public void Sectors_are_counted_from_the_start_of_the_memory()
    {
        using var device = new PtxDevice();
        using var x = device.Accelerator.Allocate1D<float>(64 + 64);
        using var y = device.Accelerator.Allocate1D<float>(32);
        var kernel = new Kernel<CopyArgs>("copy", g => g.Y[Group.IdxX] = g.X[Group.IdxX], 32);
        for (int first = 0; first < 64; first += 4) // 16 bytes on, wherever the host has put them
            device.Launch(kernel, new LaunchGrid(1), new CopyArgs { X = x.View.BaseView.SubView(first, 64), Y = y.View.BaseView });
        Assert.Equal(16 * 4, device.Reports[kernel].SectorsRead);
    }

    internal struct CopyArgs
    {
        public ArrayView<float> X, Y;
    }

    [Fact]
    public void Every_execution_counts_and_only_lanes_that_take_part()
    {
        const string Load = "shl.b32 a, t, 2;" + At + "ld.global.b32 d, [b];";
        Assert.Equal(8, Sectors(Load + Load));
        Assert.Equal(8, Sectors(Load, 64)); // two warps
        Assert.Equal(1, Sectors("setp.lt.u32 p, t, 8; shl.b32 a, t, 2;" + At + "@p ld.global.b32 d, [b];"));
    }

    [Fact]
    public void Asynchronous_copies_read_too_but_not_what_they_fill_with_zeros()
    {
        const string Copy = "shl.b32 a, t, 4;" + At + "add.u32 a, base, a; cp.async.cg.shared.global [a], [b], 16";
        Assert.Equal(8, Sectors(Copy + "; cp.async.wait_all;", 16));
        Assert.Equal(0, Sectors(Copy + ", 0; cp.async.wait_all;", 16));
    }

    [Fact]
    public void Shared_memory_and_stores_are_not_counted() =>
        Assert.Equal(0, Sectors("shl.b32 a, t, 2; add.u32 a, base, a; st.shared.b32 [a], t;"
            + "ld.shared.b32 d, [a]; st.global.b32 [out], 7;"));
}
