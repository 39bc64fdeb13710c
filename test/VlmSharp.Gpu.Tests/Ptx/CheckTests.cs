using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Each check fires on a program made for it, and not on the corrected version.</summary>
public class CheckTests
{
    /// <summary>Each thread writes its own word of shared memory, and of global memory.</summary>
    private const string WriteOwn = "mul.lo.u32 a, t, 4; add.u32 a, base, a; st.shared.b32 [a], t;\n",
        WriteOwnGlobal = "mul.wide.u32 b, t, 4; add.u64 b, out, b; st.global.b32 [b], t;\n";

    /// <summary>Then reads another thread's word: that of the next thread or of the thread 32 places on.</summary>
    private const string ReadNext = "xor.b32 c, t, 1; mul.lo.u32 c, c, 4; add.u32 c, base, c; ld.shared.b32 d, [c];\n",
        ReadOtherWarp = "xor.b32 c, t, 32; mul.lo.u32 c, c, 4; add.u32 c, base, c; ld.shared.b32 d, [c];\n",
        ReadNextGlobal = "xor.b32 c, t, 1; mul.wide.u32 c, c, 4; add.u64 c, out, c; ld.global.b32 d, [c];\n";

    [Fact]
    public void A_barrier_must_stand_between_a_write_and_anothers_read()
    {
        Snippet.Fails(PtxFault.SharedRace, WriteOwn + ReadNext, threads: 32);
        Snippet.Run(WriteOwn + "bar.sync 0;" + ReadNext);
        Snippet.Run(WriteOwn + "bar.sync 0;" + ReadOtherWarp);
    }

    [Fact]
    public void A_barrier_must_stand_between_a_read_and_anothers_write()
    {
        Snippet.Fails(PtxFault.SharedRace, WriteOwn + "bar.sync 0;" + ReadNext + WriteOwn);
        Snippet.Fails(PtxFault.SharedRace, WriteOwn + "bar.sync 0;" + ReadOtherWarp + WriteOwn);
        Snippet.Run(WriteOwn + "bar.sync 0;" + ReadNext + "bar.sync 0;" + WriteOwn);
    }

    [Fact]
    public void Two_threads_may_not_write_one_word()
    {
        Snippet.Fails(PtxFault.SharedRace, "st.shared.b32 [base], t;");
        Snippet.Run("setp.eq.s32 p, t, 5; @p st.shared.b32 [base], t;");
    }

    [Fact]
    public void Halves_of_a_word_are_two_places()
    {
        Snippet.Run("mul.lo.u32 a, t, 2; add.u32 a, base, a; st.shared.b16 [a], t;");
        Snippet.Fails(PtxFault.SharedRace, "add.u32 a, t, t; and.b32 a, a, 126; add.u32 a, base, a; shr.u32 b, t, 6; "
            + "st.shared.b16 [base+2], t;");
    }

    [Fact]
    public void A_barrier_of_the_warp_orders_the_warp_alone()
    {
        Snippet.Run(WriteOwn + "bar.warp.sync 0xffffffff;" + ReadNext + "bar.warp.sync 0xffffffff;" + WriteOwn);
        Snippet.Fails(PtxFault.SharedRace, WriteOwn + "bar.warp.sync 0xffffffff;" + ReadNext + WriteOwn);
        Snippet.Fails(PtxFault.Uninitialized, WriteOwn + "bar.warp.sync 0xffffffff;" + ReadOtherWarp);
        Snippet.Fails(PtxFault.SharedRace, "mul.lo.u32 a, t, 4; and.b32 a, a, 127; add.u32 a, base, a; "
            + "bar.warp.sync 0xffffffff; st.shared.b32 [a], t;");
    }

    [Fact]
    public void Groups_may_not_read_what_another_writes()
    {
        const string WriteThenRead = "setp.ne.s32 p, t, 0; @p bra END; setp.eq.s32 p, g, 0; @p st.global.b32 [out], 7; "
            + "@!p ld.global.b32 a, [{0}]; END:";
        Snippet.Fails(PtxFault.GlobalRace, WriteThenRead.Replace("{0}", "out", StringComparison.Ordinal), groups: 2);
        Snippet.Run(WriteThenRead.Replace("{0}", "out+4", StringComparison.Ordinal), groups: 2);
    }

    [Fact]
    public void Two_threads_may_write_the_same_value_to_global_memory_but_not_two_values()
    {
        Snippet.Run("st.global.b32 [out], 7;", groups: 8);
        Snippet.Fails(PtxFault.GlobalRace, "st.global.b32 [out], g;", threads: 1, groups: 8);
        Snippet.Fails(PtxFault.GlobalRace, "st.global.b32 [out], t;");
    }

    [Fact]
    public void Inside_a_group_barriers_order_global_memory()
    {
        Snippet.Fails(PtxFault.GlobalRace, WriteOwnGlobal + ReadNextGlobal);
        Snippet.Run(WriteOwnGlobal + "bar.sync 0;" + ReadNextGlobal);
        Snippet.Fails(PtxFault.GlobalRace, ReadNextGlobal + WriteOwnGlobal);
        Snippet.Run(ReadNextGlobal + "bar.sync 0;" + WriteOwnGlobal);
    }

    [Fact]
    public void One_group_may_read_and_write_its_own()
    {
        const string OwnOfGroup = "mad.lo.u32 a, g, 32, t; mul.wide.u32 a, a, 4; add.u64 a, out, a; ld.global.b32 b, [a]; "
            + "add.u32 b, b, 1; st.global.b32 [a], b;";
        Snippet.Run(OwnOfGroup, threads: 32, groups: 2);
    }

    [Fact]
    public void Global_accesses_stay_inside_their_buffers()
    {
        Snippet.Run("ld.global.b32 a, [in+252]; ld.global.v4.b32 {a, b, c, d}, [in+240];");
        Snippet.Fails(PtxFault.OutOfBounds, "ld.global.b32 a, [in+256];");
        Snippet.Fails(PtxFault.OutOfBounds, "ld.global.b32 a, [in-4];");
        Snippet.Fails(PtxFault.OutOfBounds, "ld.global.v4.b32 {a, b, c, d}, [in+256];");
        Snippet.Fails(PtxFault.OutOfBounds, "st.global.b64 [out+256], a;");
        Snippet.Fails(PtxFault.OutOfBounds, "mov.b64 a, 0; ld.global.b32 b, [a];");
    }

    [Fact]
    public void Shared_accesses_stay_inside()
    {
        Snippet.Run("setp.eq.s32 p, t, 0; @p st.shared.b32 [base+4092], t;");
        Snippet.Fails(PtxFault.OutOfBounds, "setp.eq.s32 p, t, 0; @p st.shared.b32 [base+4096], t;");
        Snippet.Run("setp.eq.s32 p, t, 0; @p st.shared.b32 [base+4096], t;", sharedBytes: 16);
        Snippet.Fails(PtxFault.OutOfBounds, "sub.u32 a, base, 4; st.shared.b32 [a], t;");
    }

    [Fact]
    public void Accesses_are_aligned()
    {
        Snippet.Fails(PtxFault.Misaligned, "ld.global.b32 a, [in+2];");
        Snippet.Fails(PtxFault.Misaligned, "ld.global.v4.b32 {a, b, c, d}, [in+8];");
        Snippet.Run("ld.global.v2.b32 {a, b}, [in+8];");
        Snippet.Fails(PtxFault.Misaligned, "st.shared.v2.b32 [base+4], {t, t};");
    }

    [Fact]
    public void Threads_that_do_not_come_to_a_barrier_are_missed()
    {
        Snippet.Fails(PtxFault.Deadlock, "setp.lt.s32 p, t, 32; @p bar.sync 0;", threads: 96);
        Snippet.Fails(PtxFault.Deadlock, "setp.lt.s32 p, t, 32; @p bra A; bar.sync 0; bra B; A: bar.sync 0; B:", threads: 64);
        Snippet.Fails(PtxFault.Deadlock, "setp.lt.s32 p, t, 16; @p bra A; bar.sync 0; bra B; A: bar.sync 0; B:", threads: 32);
        Snippet.Fails(PtxFault.Deadlock, "setp.lt.s32 p, t, 7; @p ret; bar.sync 0;");
        Snippet.Run("setp.lt.s32 p, t, 7; @p bra A; add.u32 a, t, 1; A: bar.sync 0;");
    }

    [Fact]
    public void A_warp_must_be_whole_where_it_acts_together()
    {
        const string Shuffle = "shfl.sync.bfly.b32 a, t, 1, 31, 0xffffffff;";
        Snippet.Run(Shuffle);
        Snippet.Fails(PtxFault.PartialWarp, Shuffle, threads: 48);
        Snippet.Fails(PtxFault.PartialWarp, "setp.lt.s32 p, t, 7; @p ret;" + Shuffle);
        Snippet.Fails(PtxFault.PartialWarp, "setp.lt.s32 p, t, 7; @p " + Shuffle);
        Snippet.Fails(PtxFault.PartialWarp, "setp.lt.s32 p, t, 7; @p bra A;" + Shuffle + "A:");
        Snippet.Run("setp.lt.s32 p, t, 7; @p bra A; add.u32 b, t, 1; A:" + Shuffle);
    }

    [Fact]
    public void Shared_memory_is_written_before_it_is_read()
    {
        Snippet.Fails(PtxFault.Uninitialized, "ld.shared.b32 a, [base];");
        Snippet.Run("setp.eq.s32 p, t, 0; @p st.shared.b32 [base], t; bar.sync 0; ld.shared.b32 a, [base];");
        // What an earlier group left there does not count.
        Snippet.Fails(PtxFault.Uninitialized, "setp.eq.s32 p, t, 0; setp.eq.s32 q, g, 0; and.pred p, p, q; "
            + "@p st.shared.b32 [base], t; bar.sync 0; ld.shared.b32 a, [base];", groups: 8);
    }

    [Fact]
    public void Registers_do_not_start_at_zero() =>
        Assert.NotEqual(0u, Snippet.Run<uint, uint>("st.global.b32 [out], x5;", [0], 1, threads: 1).Output[0]);

    [Fact]
    public void A_loop_without_end_is_left() => Snippet.Fails(PtxFault.Endless, "A: add.u32 a, t, 1; bra A;");

    [Fact]
    public void An_unknown_instruction_is_named()
    {
        foreach (string unknown in new[] { "wgmma.fence.sync.aligned", "add.sat.f32 a, b, c", "bar.sync 1", "call f" })
        {
            var refused = Assert.Throws<NotSupportedException>(() => Snippet.Run(unknown + ";"));
            Assert.Contains(unknown, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_message_says_who_and_where()
    {
        string message = Assert.Throws<PtxException>(() => Snippet.Run("setp.eq.s32 p, t, 37; @p ld.global.b32 a, [in+400];")).Message;
        Assert.Contains("thread 37 of group (0, 0, 0)", message, StringComparison.Ordinal);
        Assert.Contains("byte 400 of range 0, which has 256", message, StringComparison.Ordinal);
        Assert.Contains("ld.global.b32 a, [in+400]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameters_and_shared_memory_must_fit()
    {
        Assert.Equal(PtxFault.OutOfBounds, Assert.Throws<PtxException>(() => Snippet.Program("ld.param.b64 a, [_in+8];")).Fault);
        string large = ".version 8.0\n.visible .entry K(.param .b32 x)\n{ .shared .align 4 .b8 s[50000]; ret; }";
        var program = Parsing.PtxProgram.Parse(large);
        var refused = Assert.Throws<PtxException>(() => new PtxMachine().Launch(program, new LaunchGrid(1), 32, new byte[4]));
        Assert.Equal(PtxFault.Refused, refused.Fault);
    }
}
