using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Operators;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Kernels;

public sealed class ZLint
{
    [Fact]
    public void Print()
    {
        using var w = new StreamWriter("/tmp/w/attention-lint.txt");
        foreach (Kernel kernel in GpuOperators<TensorCore>.AttentionKernels.Concat(GpuOperators<PortableCore>.AttentionKernels))
        {
            PtxLint lint = PtxLint.Of(kernel);
            w.WriteLine($"{kernel}: live {lint.LiveRegisters} of {kernel.MostRegisters} at {lint.LiveAt}; loads {string.Join(", ", lint.GlobalLoads)}; static {lint.StaticSharedBytes}");
            File.WriteAllText("/tmp/w/ptx-" + kernel.Name.Replace(' ', '_') + ".ptx", PtxCompiler.Compile(kernel));
        }
        Count(w, 16, 16, 72, 256, 256, 0);
        Count(w, 8, 1, 256, 256, 256, 0);
        Count(w, 8, 1, 256, 1, 0, 1100);
    }

    private static void Count(StreamWriter w, int heads, int kvHeads, int d, int rows, int prefix, int past)
    {
        var device = new PtxDevice();
        using var b = new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        int width = kvHeads * d;
        using var cache = b.CreateKvCache(1, width, past + rows);
        if (past > 0)
        {
            var old = new VlmSharp.Compute.SequenceBatch();
            old.Add(past, 0, cache);
            using var x = b.Upload(new float[past * width], past, width);
            b.AppendKeyValues(x, x, b.Prepare(old), 0);
            old.Advance();
        }
        var batch = new VlmSharp.Compute.SequenceBatch();
        batch.Add(rows, prefix, cache);
        using var q = b.Upload(new float[rows * heads * d], rows, heads * d);
        using var k = b.Upload(new float[rows * width], rows, width);
        var step = b.Prepare(batch);
        b.AppendKeyValues(k, k, step, 0);
        using var y = b.CachedAttention(q, step, 0, new AttentionSpec(heads, kvHeads, d, 0.1f));
        w.WriteLine($"--- heads {heads} of {d}, {rows} rows, past {past}: {watch.ElapsedMilliseconds} ms");
        foreach (var (kernel, r) in device.Reports)
        {
            w.WriteLine($"{kernel}: warp instr {r.WarpInstructions}, ldmatrix {r.Count("ldmatrix")}, mma {r.Count("mma")}, ld.global {r.Count("ld.global")}, ld.shared {r.Count("ld.shared")}, st.shared {r.Count("st.shared")} ex2 {r.Count("ex2")} extra passes {r.ExtraPasses}");
            foreach (var c in r.Conflicts().Take(4)) w.WriteLine("    " + c);
        }
    }
}
