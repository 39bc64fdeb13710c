using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The matrix instructions of <see cref="TensorCoreFlash"/>, in PTX. A warp has 16 queries. Its outputs stay in named registers for the whole kernel: block b, features 16 b to 16 b + 15,
/// is o(8b) to o(8b + 7), in the layout of the accumulators of <c>mma.m16n8k16</c>: lane l has rows l / 4 and l / 4 + 8 and columns 2 (l % 4) and the next, of two squares of 8 columns.
/// Registers have names because PTX has no arrays of them; a block that the head does not have is not compiled.
/// </summary>
/// <typeparam name="THead">The size of a head.</typeparam>
internal static class FlashFragments<THead> where THead : struct, IHeadSize
{
    private const string L = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 ", M = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";
    private const string Q = ", {q0,q1,q2,q3}, {k0,k1}, ", Q1 = ", {q0,q1,q2,q3}, {k2,k3}, ", K = L + "{k0,k1,k2,k3}, [t]; ";
    private const string V = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {k0,k1,k2,k3}, [at+", P0 = ", {q0,q1,q2,q3}, {k0,k1}, ", P1 = ", {q0,q1,q2,q3}, {k2,k3}, ";
    private const string S = "st.shared.v2.f32 ";

    /// <summary>Names the registers. Once, at the top of the kernel.</summary>
    public static void Begin() => CudaAsm.Emit(
        ".reg .f32 o<128>; .reg .f32 s<32>; .reg .b32 q<4>; .reg .b32 k<4>; .reg .b32 w<4>; .reg .u32 at; .reg .u32 below; .reg .u32 smem; mov.u32 smem, __dyn_shared_alloca;");

    /// <summary>S[64, 64] = Q K^T into shared memory, rows of <see cref="TensorCoreFlash.ScorePitch"/> chunks.</summary>
    /// <param name="q">The first chunk of Q [64, D] in shared memory.</param>
    /// <param name="k">That of K [64, D].</param>
    /// <param name="s">That of S.</param>
    public static void Scores(int q, int k, int s)
    {
        int lane = Lane, pitch = THead.Pitch;
        int queries = (q + (Warp * 16 + (lane & 15)) * pitch + (lane >> 4)) * 16, keys = (k + ((lane & 7) + (lane >> 4) * 8) * pitch + ((lane >> 3) & 1)) * 16;
        CudaAsm.Emit(
            "mov.f32 s0, 0f00000000; mov.f32 s1, s0; mov.f32 s2, s0; mov.f32 s3, s0; mov.f32 s4, s0; mov.f32 s5, s0; mov.f32 s6, s0; mov.f32 s7, s0; " +
            "mov.f32 s8, s0; mov.f32 s9, s0; mov.f32 s10, s0; mov.f32 s11, s0; mov.f32 s12, s0; mov.f32 s13, s0; mov.f32 s14, s0; mov.f32 s15, s0; " +
            "mov.f32 s16, s0; mov.f32 s17, s0; mov.f32 s18, s0; mov.f32 s19, s0; mov.f32 s20, s0; mov.f32 s21, s0; mov.f32 s22, s0; mov.f32 s23, s0; " +
            "mov.f32 s24, s0; mov.f32 s25, s0; mov.f32 s26, s0; mov.f32 s27, s0; mov.f32 s28, s0; mov.f32 s29, s0; mov.f32 s30, s0; mov.f32 s31, s0;");
        for (int block = 0; block < THead.Blocks; block++) // 16 features: a step of the product
        {
            CudaAsm.Emit(
                "{ .reg .u32 t; add.u32 t, smem, %0; " + L + "{q0,q1,q2,q3}, [t]; add.u32 t, smem, %1; " +
                K + M + "{s0,s1,s2,s3}" + Q + "{s0,s1,s2,s3}; " + M + "{s4,s5,s6,s7}" + Q1 + "{s4,s5,s6,s7}; add.u32 t, t, %2; " +
                K + M + "{s8,s9,s10,s11}" + Q + "{s8,s9,s10,s11}; " + M + "{s12,s13,s14,s15}" + Q1 + "{s12,s13,s14,s15}; add.u32 t, t, %2; " +
                K + M + "{s16,s17,s18,s19}" + Q + "{s16,s17,s18,s19}; " + M + "{s20,s21,s22,s23}" + Q1 + "{s20,s21,s22,s23}; add.u32 t, t, %2; " +
                K + M + "{s24,s25,s26,s27}" + Q + "{s24,s25,s26,s27}; " + M + "{s28,s29,s30,s31}" + Q1 + "{s28,s29,s30,s31}; }",
                queries + block * 32, keys + block * 32, 256 * pitch);
        }

        CudaAsm.Emit( // a row is 272 bytes, 8 rows further is 2176
            "{ .reg .u32 t; add.u32 t, smem, %0; " +
            S + "[t], {s0,s1}; " + S + "[t+2176], {s2,s3}; " + S + "[t+32], {s4,s5}; " + S + "[t+2208], {s6,s7}; " +
            S + "[t+64], {s8,s9}; " + S + "[t+2240], {s10,s11}; " + S + "[t+96], {s12,s13}; " + S + "[t+2272], {s14,s15}; " +
            S + "[t+128], {s16,s17}; " + S + "[t+2304], {s18,s19}; " + S + "[t+160], {s20,s21}; " + S + "[t+2336], {s22,s23}; " +
            S + "[t+192], {s24,s25}; " + S + "[t+2368], {s26,s27}; " + S + "[t+224], {s28,s29}; " + S + "[t+2400], {s30,s31}; }",
            (s + (Warp * 16 + (lane >> 2)) * TensorCoreFlash.ScorePitch) * 16 + (lane & 3) * 8);
    }

    /// <summary>Eight weights as bf16 into a chunk of shared memory.</summary>
    public static void StoreWeights(int chunk, F8 p) => CudaAsm.Emit(
        "{ .reg .u32 t; add.u32 t, smem, %0; cvt.rn.bf16x2.f32 w0, %2, %1; cvt.rn.bf16x2.f32 w1, %4, %3; cvt.rn.bf16x2.f32 w2, %6, %5; cvt.rn.bf16x2.f32 w3, %8, %7; " +
        "st.shared.v4.b32 [t], {w0,w1,w2,w3}; }",
        chunk * 16, p.A, p.B, p.C, p.D, p.E, p.F, p.G, p.H);

    /// <summary>O += P V of 16 keys.</summary>
    /// <param name="p">The first chunk of P's columns for them.</param>
    /// <param name="v">The first chunk of V's rows.</param>
    public static void Accumulate(int p, int v)
    {
        int lane = Lane;
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, smem, %0; " + L + "{q0,q1,q2,q3}, [t]; add.u32 at, smem, %1; }",
            (p + (Warp * 16 + (lane & 15)) * TensorCoreFlash.ScorePitch + (lane >> 4)) * 16, (v + (lane & 15) * THead.Pitch + (lane >> 4)) * 16);
        CudaAsm.Emit(V + "0]; " + M + "{o0,o1,o2,o3}" + P0 + "{o0,o1,o2,o3}; " + M + "{o4,o5,o6,o7}" + P1 + "{o4,o5,o6,o7};");
        CudaAsm.Emit(V + "32]; " + M + "{o8,o9,o10,o11}" + P0 + "{o8,o9,o10,o11}; " + M + "{o12,o13,o14,o15}" + P1 + "{o12,o13,o14,o15};");
        CudaAsm.Emit(V + "64]; " + M + "{o16,o17,o18,o19}" + P0 + "{o16,o17,o18,o19}; " + M + "{o20,o21,o22,o23}" + P1 + "{o20,o21,o22,o23};");
        CudaAsm.Emit(V + "96]; " + M + "{o24,o25,o26,o27}" + P0 + "{o24,o25,o26,o27}; " + M + "{o28,o29,o30,o31}" + P1 + "{o28,o29,o30,o31};");
        CudaAsm.Emit(V + "128]; " + M + "{o32,o33,o34,o35}" + P0 + "{o32,o33,o34,o35}; " + M + "{o36,o37,o38,o39}" + P1 + "{o36,o37,o38,o39};");
        if (THead.Blocks > 5) CudaAsm.Emit(V + "160]; " + M + "{o40,o41,o42,o43}" + P0 + "{o40,o41,o42,o43}; " + M + "{o44,o45,o46,o47}" + P1 + "{o44,o45,o46,o47};");
        if (THead.Blocks > 6) CudaAsm.Emit(V + "192]; " + M + "{o48,o49,o50,o51}" + P0 + "{o48,o49,o50,o51}; " + M + "{o52,o53,o54,o55}" + P1 + "{o52,o53,o54,o55};");
        if (THead.Blocks > 7) CudaAsm.Emit(V + "224]; " + M + "{o56,o57,o58,o59}" + P0 + "{o56,o57,o58,o59}; " + M + "{o60,o61,o62,o63}" + P1 + "{o60,o61,o62,o63};");
        if (THead.Blocks > 8) CudaAsm.Emit(V + "256]; " + M + "{o64,o65,o66,o67}" + P0 + "{o64,o65,o66,o67}; " + M + "{o68,o69,o70,o71}" + P1 + "{o68,o69,o70,o71};");
        if (THead.Blocks > 9) CudaAsm.Emit(V + "288]; " + M + "{o72,o73,o74,o75}" + P0 + "{o72,o73,o74,o75}; " + M + "{o76,o77,o78,o79}" + P1 + "{o76,o77,o78,o79};");
        if (THead.Blocks > 10) CudaAsm.Emit(V + "320]; " + M + "{o80,o81,o82,o83}" + P0 + "{o80,o81,o82,o83}; " + M + "{o84,o85,o86,o87}" + P1 + "{o84,o85,o86,o87};");
        if (THead.Blocks > 11) CudaAsm.Emit(V + "352]; " + M + "{o88,o89,o90,o91}" + P0 + "{o88,o89,o90,o91}; " + M + "{o92,o93,o94,o95}" + P1 + "{o92,o93,o94,o95};");
        if (THead.Blocks > 12) CudaAsm.Emit(V + "384]; " + M + "{o96,o97,o98,o99}" + P0 + "{o96,o97,o98,o99}; " + M + "{o100,o101,o102,o103}" + P1 + "{o100,o101,o102,o103};");
        if (THead.Blocks > 13) CudaAsm.Emit(V + "416]; " + M + "{o104,o105,o106,o107}" + P0 + "{o104,o105,o106,o107}; " + M + "{o108,o109,o110,o111}" + P1 + "{o108,o109,o110,o111};");
        if (THead.Blocks > 14) CudaAsm.Emit(V + "448]; " + M + "{o112,o113,o114,o115}" + P0 + "{o112,o113,o114,o115}; " + M + "{o116,o117,o118,o119}" + P1 + "{o116,o117,o118,o119};");
        if (THead.Blocks > 15) CudaAsm.Emit(V + "480]; " + M + "{o120,o121,o122,o123}" + P0 + "{o120,o121,o122,o123}; " + M + "{o124,o125,o126,o127}" + P1 + "{o124,o125,o126,o127};");
    }

    /// <summary>O = 0.</summary>
    public static void Clear()
    {
        CudaAsm.Emit("mov.f32 o0, 0f00000000; mov.f32 o1, o0; mov.f32 o2, o0; mov.f32 o3, o0; mov.f32 o4, o0; mov.f32 o5, o0; mov.f32 o6, o0; mov.f32 o7, o0;");
        CudaAsm.Emit("mov.f32 o8, 0f00000000; mov.f32 o9, o8; mov.f32 o10, o8; mov.f32 o11, o8; mov.f32 o12, o8; mov.f32 o13, o8; mov.f32 o14, o8; mov.f32 o15, o8;");
        CudaAsm.Emit("mov.f32 o16, 0f00000000; mov.f32 o17, o16; mov.f32 o18, o16; mov.f32 o19, o16; mov.f32 o20, o16; mov.f32 o21, o16; mov.f32 o22, o16; mov.f32 o23, o16;");
        CudaAsm.Emit("mov.f32 o24, 0f00000000; mov.f32 o25, o24; mov.f32 o26, o24; mov.f32 o27, o24; mov.f32 o28, o24; mov.f32 o29, o24; mov.f32 o30, o24; mov.f32 o31, o24;");
        CudaAsm.Emit("mov.f32 o32, 0f00000000; mov.f32 o33, o32; mov.f32 o34, o32; mov.f32 o35, o32; mov.f32 o36, o32; mov.f32 o37, o32; mov.f32 o38, o32; mov.f32 o39, o32;");
        if (THead.Blocks > 5) CudaAsm.Emit("mov.f32 o40, 0f00000000; mov.f32 o41, o40; mov.f32 o42, o40; mov.f32 o43, o40; mov.f32 o44, o40; mov.f32 o45, o40; mov.f32 o46, o40; mov.f32 o47, o40;");
        if (THead.Blocks > 6) CudaAsm.Emit("mov.f32 o48, 0f00000000; mov.f32 o49, o48; mov.f32 o50, o48; mov.f32 o51, o48; mov.f32 o52, o48; mov.f32 o53, o48; mov.f32 o54, o48; mov.f32 o55, o48;");
        if (THead.Blocks > 7) CudaAsm.Emit("mov.f32 o56, 0f00000000; mov.f32 o57, o56; mov.f32 o58, o56; mov.f32 o59, o56; mov.f32 o60, o56; mov.f32 o61, o56; mov.f32 o62, o56; mov.f32 o63, o56;");
        if (THead.Blocks > 8) CudaAsm.Emit("mov.f32 o64, 0f00000000; mov.f32 o65, o64; mov.f32 o66, o64; mov.f32 o67, o64; mov.f32 o68, o64; mov.f32 o69, o64; mov.f32 o70, o64; mov.f32 o71, o64;");
        if (THead.Blocks > 9) CudaAsm.Emit("mov.f32 o72, 0f00000000; mov.f32 o73, o72; mov.f32 o74, o72; mov.f32 o75, o72; mov.f32 o76, o72; mov.f32 o77, o72; mov.f32 o78, o72; mov.f32 o79, o72;");
        if (THead.Blocks > 10) CudaAsm.Emit("mov.f32 o80, 0f00000000; mov.f32 o81, o80; mov.f32 o82, o80; mov.f32 o83, o80; mov.f32 o84, o80; mov.f32 o85, o80; mov.f32 o86, o80; mov.f32 o87, o80;");
        if (THead.Blocks > 11) CudaAsm.Emit("mov.f32 o88, 0f00000000; mov.f32 o89, o88; mov.f32 o90, o88; mov.f32 o91, o88; mov.f32 o92, o88; mov.f32 o93, o88; mov.f32 o94, o88; mov.f32 o95, o88;");
        if (THead.Blocks > 12) CudaAsm.Emit("mov.f32 o96, 0f00000000; mov.f32 o97, o96; mov.f32 o98, o96; mov.f32 o99, o96; mov.f32 o100, o96; mov.f32 o101, o96; mov.f32 o102, o96; mov.f32 o103, o96;");
        if (THead.Blocks > 13) CudaAsm.Emit("mov.f32 o104, 0f00000000; mov.f32 o105, o104; mov.f32 o106, o104; mov.f32 o107, o104; mov.f32 o108, o104; mov.f32 o109, o104; mov.f32 o110, o104; mov.f32 o111, o104;");
        if (THead.Blocks > 14) CudaAsm.Emit("mov.f32 o112, 0f00000000; mov.f32 o113, o112; mov.f32 o114, o112; mov.f32 o115, o112; mov.f32 o116, o112; mov.f32 o117, o112; mov.f32 o118, o112; mov.f32 o119, o112;");
        if (THead.Blocks > 15) CudaAsm.Emit("mov.f32 o120, 0f00000000; mov.f32 o121, o120; mov.f32 o122, o120; mov.f32 o123, o120; mov.f32 o124, o120; mov.f32 o125, o120; mov.f32 o126, o120; mov.f32 o127, o120;");
    }

    /// <summary>O *= a factor for each row.</summary>
    /// <param name="low">For row lane / 4 of the warp.</param>
    /// <param name="high">For row lane / 4 + 8.</param>
    public static void Scale(float low, float high)
    {
        CudaAsm.Emit("mul.f32 o0, o0, %0; mul.f32 o1, o1, %0; mul.f32 o2, o2, %1; mul.f32 o3, o3, %1; mul.f32 o4, o4, %0; mul.f32 o5, o5, %0; mul.f32 o6, o6, %1; mul.f32 o7, o7, %1;", low, high);
        CudaAsm.Emit("mul.f32 o8, o8, %0; mul.f32 o9, o9, %0; mul.f32 o10, o10, %1; mul.f32 o11, o11, %1; mul.f32 o12, o12, %0; mul.f32 o13, o13, %0; mul.f32 o14, o14, %1; mul.f32 o15, o15, %1;", low, high);
        CudaAsm.Emit("mul.f32 o16, o16, %0; mul.f32 o17, o17, %0; mul.f32 o18, o18, %1; mul.f32 o19, o19, %1; mul.f32 o20, o20, %0; mul.f32 o21, o21, %0; mul.f32 o22, o22, %1; mul.f32 o23, o23, %1;", low, high);
        CudaAsm.Emit("mul.f32 o24, o24, %0; mul.f32 o25, o25, %0; mul.f32 o26, o26, %1; mul.f32 o27, o27, %1; mul.f32 o28, o28, %0; mul.f32 o29, o29, %0; mul.f32 o30, o30, %1; mul.f32 o31, o31, %1;", low, high);
        CudaAsm.Emit("mul.f32 o32, o32, %0; mul.f32 o33, o33, %0; mul.f32 o34, o34, %1; mul.f32 o35, o35, %1; mul.f32 o36, o36, %0; mul.f32 o37, o37, %0; mul.f32 o38, o38, %1; mul.f32 o39, o39, %1;", low, high);
        if (THead.Blocks > 5) CudaAsm.Emit("mul.f32 o40, o40, %0; mul.f32 o41, o41, %0; mul.f32 o42, o42, %1; mul.f32 o43, o43, %1; mul.f32 o44, o44, %0; mul.f32 o45, o45, %0; mul.f32 o46, o46, %1; mul.f32 o47, o47, %1;", low, high);
        if (THead.Blocks > 6) CudaAsm.Emit("mul.f32 o48, o48, %0; mul.f32 o49, o49, %0; mul.f32 o50, o50, %1; mul.f32 o51, o51, %1; mul.f32 o52, o52, %0; mul.f32 o53, o53, %0; mul.f32 o54, o54, %1; mul.f32 o55, o55, %1;", low, high);
        if (THead.Blocks > 7) CudaAsm.Emit("mul.f32 o56, o56, %0; mul.f32 o57, o57, %0; mul.f32 o58, o58, %1; mul.f32 o59, o59, %1; mul.f32 o60, o60, %0; mul.f32 o61, o61, %0; mul.f32 o62, o62, %1; mul.f32 o63, o63, %1;", low, high);
        if (THead.Blocks > 8) CudaAsm.Emit("mul.f32 o64, o64, %0; mul.f32 o65, o65, %0; mul.f32 o66, o66, %1; mul.f32 o67, o67, %1; mul.f32 o68, o68, %0; mul.f32 o69, o69, %0; mul.f32 o70, o70, %1; mul.f32 o71, o71, %1;", low, high);
        if (THead.Blocks > 9) CudaAsm.Emit("mul.f32 o72, o72, %0; mul.f32 o73, o73, %0; mul.f32 o74, o74, %1; mul.f32 o75, o75, %1; mul.f32 o76, o76, %0; mul.f32 o77, o77, %0; mul.f32 o78, o78, %1; mul.f32 o79, o79, %1;", low, high);
        if (THead.Blocks > 10) CudaAsm.Emit("mul.f32 o80, o80, %0; mul.f32 o81, o81, %0; mul.f32 o82, o82, %1; mul.f32 o83, o83, %1; mul.f32 o84, o84, %0; mul.f32 o85, o85, %0; mul.f32 o86, o86, %1; mul.f32 o87, o87, %1;", low, high);
        if (THead.Blocks > 11) CudaAsm.Emit("mul.f32 o88, o88, %0; mul.f32 o89, o89, %0; mul.f32 o90, o90, %1; mul.f32 o91, o91, %1; mul.f32 o92, o92, %0; mul.f32 o93, o93, %0; mul.f32 o94, o94, %1; mul.f32 o95, o95, %1;", low, high);
        if (THead.Blocks > 12) CudaAsm.Emit("mul.f32 o96, o96, %0; mul.f32 o97, o97, %0; mul.f32 o98, o98, %1; mul.f32 o99, o99, %1; mul.f32 o100, o100, %0; mul.f32 o101, o101, %0; mul.f32 o102, o102, %1; mul.f32 o103, o103, %1;", low, high);
        if (THead.Blocks > 13) CudaAsm.Emit("mul.f32 o104, o104, %0; mul.f32 o105, o105, %0; mul.f32 o106, o106, %1; mul.f32 o107, o107, %1; mul.f32 o108, o108, %0; mul.f32 o109, o109, %0; mul.f32 o110, o110, %1; mul.f32 o111, o111, %1;", low, high);
        if (THead.Blocks > 14) CudaAsm.Emit("mul.f32 o112, o112, %0; mul.f32 o113, o113, %0; mul.f32 o114, o114, %1; mul.f32 o115, o115, %1; mul.f32 o116, o116, %0; mul.f32 o117, o117, %0; mul.f32 o118, o118, %1; mul.f32 o119, o119, %1;", low, high);
        if (THead.Blocks > 15) CudaAsm.Emit("mul.f32 o120, o120, %0; mul.f32 o121, o121, %0; mul.f32 o122, o122, %1; mul.f32 o123, o123, %1; mul.f32 o124, o124, %0; mul.f32 o125, o125, %0; mul.f32 o126, o126, %1; mul.f32 o127, o127, %1;", low, high);
    }

    /// <summary>O as bf16 into shared memory, rows as those of Q.</summary>
    /// <param name="y">The first chunk.</param>
    public static void Store(int y)
    {
        CudaAsm.Emit("add.u32 at, smem, %0; add.u32 below, at, %1;",
            (y + (Warp * 16 + (Lane >> 2)) * THead.Pitch) * 16 + (Lane & 3) * 4, 8 * THead.Pitch * 16);
        CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o1, o0; cvt.rn.bf16x2.f32 w1, o3, o2; cvt.rn.bf16x2.f32 w2, o5, o4; cvt.rn.bf16x2.f32 w3, o7, o6; " + "st.shared.b32 [at+0], w0; st.shared.b32 [below+0], w1; st.shared.b32 [at+16], w2; st.shared.b32 [below+16], w3;");
        CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o9, o8; cvt.rn.bf16x2.f32 w1, o11, o10; cvt.rn.bf16x2.f32 w2, o13, o12; cvt.rn.bf16x2.f32 w3, o15, o14; " + "st.shared.b32 [at+32], w0; st.shared.b32 [below+32], w1; st.shared.b32 [at+48], w2; st.shared.b32 [below+48], w3;");
        CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o17, o16; cvt.rn.bf16x2.f32 w1, o19, o18; cvt.rn.bf16x2.f32 w2, o21, o20; cvt.rn.bf16x2.f32 w3, o23, o22; " + "st.shared.b32 [at+64], w0; st.shared.b32 [below+64], w1; st.shared.b32 [at+80], w2; st.shared.b32 [below+80], w3;");
        CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o25, o24; cvt.rn.bf16x2.f32 w1, o27, o26; cvt.rn.bf16x2.f32 w2, o29, o28; cvt.rn.bf16x2.f32 w3, o31, o30; " + "st.shared.b32 [at+96], w0; st.shared.b32 [below+96], w1; st.shared.b32 [at+112], w2; st.shared.b32 [below+112], w3;");
        CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o33, o32; cvt.rn.bf16x2.f32 w1, o35, o34; cvt.rn.bf16x2.f32 w2, o37, o36; cvt.rn.bf16x2.f32 w3, o39, o38; " + "st.shared.b32 [at+128], w0; st.shared.b32 [below+128], w1; st.shared.b32 [at+144], w2; st.shared.b32 [below+144], w3;");
        if (THead.Blocks > 5) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o41, o40; cvt.rn.bf16x2.f32 w1, o43, o42; cvt.rn.bf16x2.f32 w2, o45, o44; cvt.rn.bf16x2.f32 w3, o47, o46; " + "st.shared.b32 [at+160], w0; st.shared.b32 [below+160], w1; st.shared.b32 [at+176], w2; st.shared.b32 [below+176], w3;");
        if (THead.Blocks > 6) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o49, o48; cvt.rn.bf16x2.f32 w1, o51, o50; cvt.rn.bf16x2.f32 w2, o53, o52; cvt.rn.bf16x2.f32 w3, o55, o54; " + "st.shared.b32 [at+192], w0; st.shared.b32 [below+192], w1; st.shared.b32 [at+208], w2; st.shared.b32 [below+208], w3;");
        if (THead.Blocks > 7) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o57, o56; cvt.rn.bf16x2.f32 w1, o59, o58; cvt.rn.bf16x2.f32 w2, o61, o60; cvt.rn.bf16x2.f32 w3, o63, o62; " + "st.shared.b32 [at+224], w0; st.shared.b32 [below+224], w1; st.shared.b32 [at+240], w2; st.shared.b32 [below+240], w3;");
        if (THead.Blocks > 8) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o65, o64; cvt.rn.bf16x2.f32 w1, o67, o66; cvt.rn.bf16x2.f32 w2, o69, o68; cvt.rn.bf16x2.f32 w3, o71, o70; " + "st.shared.b32 [at+256], w0; st.shared.b32 [below+256], w1; st.shared.b32 [at+272], w2; st.shared.b32 [below+272], w3;");
        if (THead.Blocks > 9) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o73, o72; cvt.rn.bf16x2.f32 w1, o75, o74; cvt.rn.bf16x2.f32 w2, o77, o76; cvt.rn.bf16x2.f32 w3, o79, o78; " + "st.shared.b32 [at+288], w0; st.shared.b32 [below+288], w1; st.shared.b32 [at+304], w2; st.shared.b32 [below+304], w3;");
        if (THead.Blocks > 10) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o81, o80; cvt.rn.bf16x2.f32 w1, o83, o82; cvt.rn.bf16x2.f32 w2, o85, o84; cvt.rn.bf16x2.f32 w3, o87, o86; " + "st.shared.b32 [at+320], w0; st.shared.b32 [below+320], w1; st.shared.b32 [at+336], w2; st.shared.b32 [below+336], w3;");
        if (THead.Blocks > 11) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o89, o88; cvt.rn.bf16x2.f32 w1, o91, o90; cvt.rn.bf16x2.f32 w2, o93, o92; cvt.rn.bf16x2.f32 w3, o95, o94; " + "st.shared.b32 [at+352], w0; st.shared.b32 [below+352], w1; st.shared.b32 [at+368], w2; st.shared.b32 [below+368], w3;");
        if (THead.Blocks > 12) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o97, o96; cvt.rn.bf16x2.f32 w1, o99, o98; cvt.rn.bf16x2.f32 w2, o101, o100; cvt.rn.bf16x2.f32 w3, o103, o102; " + "st.shared.b32 [at+384], w0; st.shared.b32 [below+384], w1; st.shared.b32 [at+400], w2; st.shared.b32 [below+400], w3;");
        if (THead.Blocks > 13) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o105, o104; cvt.rn.bf16x2.f32 w1, o107, o106; cvt.rn.bf16x2.f32 w2, o109, o108; cvt.rn.bf16x2.f32 w3, o111, o110; " + "st.shared.b32 [at+416], w0; st.shared.b32 [below+416], w1; st.shared.b32 [at+432], w2; st.shared.b32 [below+432], w3;");
        if (THead.Blocks > 14) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o113, o112; cvt.rn.bf16x2.f32 w1, o115, o114; cvt.rn.bf16x2.f32 w2, o117, o116; cvt.rn.bf16x2.f32 w3, o119, o118; " + "st.shared.b32 [at+448], w0; st.shared.b32 [below+448], w1; st.shared.b32 [at+464], w2; st.shared.b32 [below+464], w3;");
        if (THead.Blocks > 15) CudaAsm.Emit("cvt.rn.bf16x2.f32 w0, o121, o120; cvt.rn.bf16x2.f32 w1, o123, o122; cvt.rn.bf16x2.f32 w2, o125, o124; cvt.rn.bf16x2.f32 w3, o127, o126; " + "st.shared.b32 [at+480], w0; st.shared.b32 [below+480], w1; st.shared.b32 [at+496], w2; st.shared.b32 [below+496], w3;");
    }

    private static int Lane => ILGPU.Group.IdxX & 31;

    private static int Warp => ILGPU.Group.IdxX >> 5;
}
