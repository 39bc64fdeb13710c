namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Bank conflicts, counted; asynchronous copies.</summary>
public class SharedMemoryTests
{
    private const string Copy16 = "shl.b32 a, t, 4; cvt.u64.u32 b, a; add.u64 b, in, b; add.u32 a, base, a; "
        + "cp.async.cg.shared.global [a], [b], 16;\n";
    private const string Commit = "cp.async.commit_group;\n", Read = "ld.shared.b32 d, [a];\n";

    private static PtxReport Copy(string body, int threads = 16) => Snippet.Run(body, threads);

    private static long ExtraPasses(string store, string address) => Snippet.Run($"{address} add.u32 a, base, a; {store}", 32).ExtraPasses;

    [Theory]
    [InlineData("shl.b32 a, t, 2;", 0)] // neighbors
    [InlineData("shl.b32 a, t, 3;", 1)] // every second word: 2 words of each bank
    [InlineData("shl.b32 a, t, 4;", 3)]
    [InlineData("shl.b32 a, t, 7;", 31)] // one bank
    [InlineData("mul.lo.u32 a, t, 12;", 0)] // an odd distance meets each bank once
    [InlineData("mul.lo.u32 a, t, 124;", 0)]
    public void Words_of_one_bank_take_turns(string address, int extra) =>
        Assert.Equal(extra, ExtraPasses("st.shared.b32 [a], t;", address));

    [Fact]
    public void One_word_is_given_to_all_at_once()
    {
        const string Begin = "setp.eq.u32 p, t, 0; @p st.shared.b32 [base], t; @p st.shared.b32 [base+128], t; bar.sync 0;";
        Assert.Equal(0, Snippet.Run(Begin + "ld.shared.b32 d, [base];", 32).ExtraPasses);
        // Two words of one bank, by turns, are two passes, not 32.
        Assert.Equal(1, Snippet.Run(Begin + "and.b32 a, t, 1; shl.b32 a, a, 7; add.u32 a, base, a; ld.shared.b32 d, [a];", 32).ExtraPasses);
    }

    [Theory]
    [InlineData("shl.b32 a, t, 4;", 0)] // 16 bytes each, contiguous: a quarter of the warp in each of 4 passes
    [InlineData("shl.b32 a, t, 5;", 4)] // 2-way in each quarter
    [InlineData("shl.b32 a, t, 7;", 28)] // 8-way
    public void Wide_accesses_go_by_quarters_of_a_warp(string address, int extra) =>
        Assert.Equal(extra, ExtraPasses("st.shared.v4.b32 [a], {t, t, t, t};", address));

    [Fact]
    public void Accesses_of_8_bytes_go_by_halves()
    {
        Assert.Equal(0, ExtraPasses("st.shared.v2.b32 [a], {t, t};", "shl.b32 a, t, 3;"));
        Assert.Equal(2, ExtraPasses("st.shared.b64 [a], in;", "shl.b32 a, t, 4;"));
    }

    [Theory]
    [InlineData(4, 0)] // rows of 16 bytes one after the other
    [InlineData(5, 4)] // rows 32 bytes apart: 2-way in each of 4 matrices
    [InlineData(7, 28)]
    public void Matrices_are_loaded_in_a_pass_each(int shift, int extra)
    {
        string body = $"shl.b32 a, t, {shift}; add.u32 a, base, a; st.shared.v4.b32 [a], {{t, t, t, t}}; bar.sync 0; "
            + $"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{x0, x1, x2, x3}}, [a];";
        PtxReport report = Snippet.Run(body, 32);
        Assert.Equal(extra * 2, report.ExtraPasses); // the store has as many
        Assert.Equal(extra == 0 ? 0 : 2, report.Conflicts().Count());
        Assert.Equal(1, report.Count("ldmatrix"));
    }

    [Fact]
    public void A_copy_is_there_when_it_was_waited_for()
    {
        Copy(Copy16 + Commit + "cp.async.wait_group 0;" + Read);
        Copy(Copy16 + "cp.async.wait_all;" + Read);
        Snippet.Fails(PtxFault.TooEarly, Copy16 + Commit + Read, 16);
        Snippet.Fails(PtxFault.TooEarly, Copy16 + "cp.async.wait_group 0;" + Read, 16); // never committed
        Snippet.Fails(PtxFault.TooEarly, Copy16 + Commit + "cp.async.wait_group 1;" + Read, 16);
        Copy(Copy16 + Commit + Commit + "cp.async.wait_group 1;" + Read); // an empty batch is one too
    }

    [Fact]
    public void Anothers_copy_needs_a_barrier_after_its_wait()
    {
        const string ReadNext = "xor.b32 a, a, 16; ld.shared.b32 d, [a];";
        Copy(Copy16 + Commit + "cp.async.wait_group 0; bar.sync 0;" + ReadNext);
        Snippet.Fails(PtxFault.SharedRace, Copy16 + Commit + "cp.async.wait_group 0;" + ReadNext, 16);
        // The barrier must come after the wait: before it, the other thread's copy may still be running.
        const string OneWaitsLate = "setp.lt.u32 p, t, 8; @p cp.async.wait_group 0; bar.sync 0;";
        Snippet.Fails(PtxFault.TooEarly, Copy16 + Commit + OneWaitsLate + "xor.b32 a, a, 128; ld.shared.b32 d, [a];", 16);
    }

    [Fact]
    public void A_copy_may_not_overtake_a_read()
    {
        const string Fill = Copy16 + "cp.async.wait_all; bar.sync 0; xor.b32 c, a, 16; ld.shared.b32 d, [c];";
        Snippet.Fails(PtxFault.SharedRace, Fill + Copy16, 16);
        Copy(Fill + "bar.sync 0;" + Copy16);
    }

    [Fact]
    public void What_a_copy_is_not_given_is_zero()
    {
        const string Body = "mov.u32 a, base; cp.async.cg.shared.global [a], [in], 16, 8; "
            + "cp.async.cg.shared.global [a+16], [c], 16, 0; cp.async.wait_all;"
            + "ld.shared.v4.b32 {x0, x1, x2, x3}, [a]; ld.shared.v4.b32 {y0, y1, y2, y3}, [a+16]; "
            + "st.global.v4.b32 [out], {x0, x1, x2, x3}; st.global.v4.b32 [out+16], {y0, y1, y2, y3};";
        Assert.Equal([5u, 6, 0, 0, 0, 0, 0, 0], Snippet.Run<uint, uint>(Body, [5, 6, 7, 8], 8, 1).Output);
    }

    [Fact]
    public void A_copy_stays_inside_and_aligned()
    {
        Snippet.Fails(PtxFault.OutOfBounds, "cp.async.cg.shared.global [base], [in+256], 16;", 1);
        Snippet.Fails(PtxFault.Misaligned, "cp.async.cg.shared.global [base], [in+8], 16;", 1);
        Snippet.Fails(PtxFault.Misaligned, "cp.async.cg.shared.global [base+8], [in], 16;", 1);
        Snippet.Fails(PtxFault.OutOfBounds, "cp.async.cg.shared.global [base+4096], [in], 16;", 1);
    }

    [Fact]
    public void A_transposed_matrix_comes_by_columns()
    {
        // Row r is 8 numbers 16 r + c; lane l gets rows 2 (l % 4) and the next of column l / 4.
        const string Body = "shl.b32 a, t, 4; add.u32 a, base, a; mul.lo.u32 b, t, 0x100010; add.u32 x0, b, 0x10000; "
            + "add.u32 x1, b, 0x30002; add.u32 x2, b, 0x50004; add.u32 x3, b, 0x70006;"
            + "st.shared.v4.b32 [a], {x0, x1, x2, x3}; bar.sync 0; ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {d}, [a]; "
            + "mul.wide.u32 b, t, 4; add.u64 b, out, b; st.global.b32 [b], d;";
        uint[] y = Snippet.Run<uint, uint>(Body, [0], 32).Output;
        Assert.Equal(Enumerable.Range(0, 32).Select(l => (uint)(16 * (l % 4 * 2) + l / 4) | (uint)(16 * (l % 4 * 2 + 1) + l / 4) << 16), y);
    }
}
