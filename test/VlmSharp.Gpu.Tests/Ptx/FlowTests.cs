namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Threads that diverge and meet, and operations of a whole warp.</summary>
public class FlowTests
{
    private const string Store = " mul.wide.u32 y0, t, 4; add.u64 y0, out, y0; st.global.b32 [y0], d;";

    private static uint[] Run(string body, int threads = 32) => Snippet.Run<uint, uint>(body + Store, [0], threads, threads).Output;

    private static IEnumerable<uint> Each(Func<uint, uint> f, int threads = 32) => Enumerable.Range(0, threads).Select(t => f((uint)t));

    [Fact]
    public void Lanes_leave_a_loop_one_by_one() =>
        Assert.Equal(Each(t => t * (t + 1) / 2, 50), Run("mov.u32 d, 0; mov.u32 a, 0; L: add.u32 d, d, a; add.u32 a, a, 1; "
            + "setp.le.u32 p, a, t; @p bra L;", 50));

    [Fact]
    public void Both_sides_of_a_branch_are_taken_and_joined() =>
        Assert.Equal(Each(t => (t % 3 == 0 ? 100u : 200u) + t),
            Run("rem.u32 a, t, 3; setp.ne.s32 p, a, 0; @p bra ELSE; mov.u32 d, 100; bra.uni JOIN; ELSE: mov.u32 d, 200; "
                + "JOIN: add.u32 d, d, t;"));

    [Fact]
    public void A_branch_goes_where_its_index_says() =>
        Assert.Equal(Each(t => t % 3 * 10 + 1),
            Run("rem.u32 a, t, 3; TABLE: .branchtargets A, B, C; brx.idx a, TABLE; A: mov.u32 d, 1; bra E; "
                + "B: mov.u32 d, 11; bra E; C: mov.u32 d, 21; E:"));

    [Fact]
    public void Predicates_keep_single_instructions_from_lanes() =>
        Assert.Equal(Each(t => t < 5 ? 1u : 2u), Run("setp.lt.u32 p, t, 5; @p mov.u32 d, 1; @!p mov.u32 d, 2;"));

    [Theory]
    [InlineData("bfly", "3", 31)]
    [InlineData("down", "4", 31)]
    [InlineData("up", "4", 0)]
    [InlineData("idx", "9", 31)]
    public void Shuffles_move_registers_between_lanes(string mode, string by, int clamp)
    {
        int n = int.Parse(by);
        long From(uint t) => mode switch
        {
            "bfly" => t ^ n,
            "down" => t + n > 31 ? t : t + n,
            "up" => t - n < 0 ? t : t - n,
            _ => n,
        };
        Assert.Equal(Each(t => 100 + (uint)From(t)),
            Run($"add.u32 a, t, 100; shfl.sync.{mode}.b32 d, a, {by}, {clamp}, 0xffffffff;"));
    }

    [Fact]
    public void Shuffles_stay_inside_segments()
    {
        // Segments of 8 lanes: 31 - 7 in bits 8 to 12.
        int clamp = (24 << 8) | 31;
        Assert.Equal(Each(t => t % 8 + 2 > 7 ? t : t + 2), Run($"shfl.sync.down.b32 d, t, 2, {clamp}, 0xffffffff;"));
    }

    [Fact]
    public void Votes_say_what_all_lanes_say()
    {
        Assert.Equal(Each(_ => 0x1fu), Run("setp.lt.u32 p, t, 5; vote.sync.ballot.b32 d, p, 0xffffffff;"));
        Assert.Equal(Each(_ => 1u), Run("setp.lt.u32 p, t, 5; vote.sync.any.pred q, p, 0xffffffff; selp.b32 d, 1, 0, q;"));
        Assert.Equal(Each(_ => 0u), Run("setp.lt.u32 p, t, 5; vote.sync.all.pred q, p, 0xffffffff; selp.b32 d, 1, 0, q;"));
    }

    [Fact]
    public void Scopes_hide_names_of_outer_ones() =>
        Assert.Equal(Each(t => t + 7), Run("add.u32 d, t, 7; { .reg .b32 d; mov.u32 d, 0; { .reg .b32 t; mov.u32 t, 9; } }"));

    [Fact]
    public void Vectors_pack_and_unpack() =>
        Assert.Equal(Each(t => t + 5), Run("mov.b64 a, {t, 5}; mov.b64 {b, c}, a; add.u32 d, b, c;"));

    [Fact]
    public void Local_memory_belongs_to_a_lane() =>
        Assert.Equal(Each(t => t * 2), Run(".local .align 4 .b8 mine[16]; mov.b64 a, mine; st.local.b32 [a+4], t; "
            + "st.local.b32 [a+8], t; ld.local.b32 b, [a+4]; ld.local.b32 c, [a+8]; add.u32 d, b, c;"));

    [Fact]
    public void Generic_addresses_reach_all_memory()
    {
        const string Shared = "mul.wide.u32 a, t, 4; cvta.shared.u64 a, a; st.b32 [a], t; ld.b32 b, [a];";
        const string Local = ".local .align 4 .b8 mine[4]; mov.b64 a, mine; cvta.local.u64 a, a; st.b32 [a], b; "
            + "ld.b32 c, [a]; cvta.to.local.u64 a, a; ld.local.b32 c, [a];";
        const string Global = "mul.wide.u32 a, t, 4; add.u64 a, out, a; cvta.global.u64 a, a; st.b32 [a], c; ld.b32 d, [a]; "
            + "add.u32 d, d, 1;";
        Assert.Equal(Each(t => t + 1), Run(Shared + Local + Global));
    }

    [Fact]
    public void Bytes_and_halves_keep_or_lose_their_signs() =>
        Assert.Equal(Each(t => unchecked((uint)-(int)t) + (byte)-(int)t + (uint)(ushort)(0x8000 + t)),
            Run("neg.s32 a, t; shl.b32 b, t, 2; add.u32 b, base, b; st.shared.u8 [b], a; ld.shared.s8 c, [b]; "
                + "ld.shared.u8 e, [b]; add.u32 d, c, e; add.u32 a, t, 0x8000; st.shared.b16 [b+2], a; "
                + "ld.shared.u16 f, [b+2]; add.u32 d, d, f;"));

    [Fact]
    public void Atomic_changes_of_shared_memory_all_count()
    {
        const string Begin = "setp.eq.u32 p, t, 0; @p st.shared.b32 [base], 0; @p st.shared.b32 [base+4], 1000; bar.sync 0;";
        Assert.Equal(Each(_ => 64u * 63 / 2, 64), Run(Begin + "atom.shared.add.u32 a, [base], t; bar.sync 0; "
            + "ld.shared.b32 d, [base];", 64));
        Assert.Equal(Each(_ => 1063u, 64), Run(Begin + "add.u32 b, t, 1000; red.shared.max.u32 [base+4], b; bar.sync 0; "
            + "ld.shared.b32 d, [base+4];", 64));
        Snippet.Fails(PtxFault.SharedRace, Begin + "red.shared.add.u32 [base], t; ld.shared.b32 d, [base];");
        Snippet.Fails(PtxFault.Uninitialized, "red.shared.add.u32 [base], t;");
    }

    [Fact]
    public void Atomic_changes_of_global_memory_all_count()
    {
        uint[] y = Snippet.Run<uint, uint>("red.global.add.u32 [out], t; atom.global.min.s32 a, [out+4], -5; "
            + "atom.global.cas.b32 b, [out+8], 0, 77; mov.u32 c, 0f3f800000; red.global.add.f32 [out+12], c;", [0], 4, 64, 10).Output;
        Assert.Equal([64u * 63 / 2 * 10, unchecked((uint)-5), 77, BitConverter.SingleToUInt32Bits(640)], y);
        Snippet.Fails(PtxFault.GlobalRace, "red.global.add.u32 [out], t; ld.global.b32 a, [out];");
    }

    [Fact]
    public void An_exchange_gives_the_old_value()
    {
        uint[] y = Snippet.Run<uint, uint>("atom.global.exch.b32 d, [out], 5; st.global.b32 [out+4], d;", [0], 2, 1, 1).Output;
        Assert.Equal([5u, 0u], y);
    }
}
