using ILGPU;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The outputs of <see cref="TensorCoreFlash"/>, which stay in registers for the whole kernel. Block b, features 16 b to 16 b + 15 of the
/// warp's 16 queries, is o(8b) to o(8b + 7): two squares in the layout described in <see cref="FlashFragments{THead}"/>, which also
/// declares the registers. Code for blocks past the end of the head is not compiled.
/// </summary>
/// <typeparam name="THead">The size of a head: 5, 8 or 16 blocks.</typeparam>
internal static class FlashOutputs<THead> where THead : struct, IHeadSize
{
    private const string M = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ", C = "cvt.rn.bf16x2.f32 ";
    private const string V = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {k0,k1,k2,k3}, [at+";
    private const string Low = ", {q0,q1,q2,q3}, {k0,k1}, ", High = ", {q0,q1,q2,q3}, {k2,k3}, ";

    /// <summary>O = 0.</summary>
    public static void Clear()
    {
        CudaAsm.Emit("mov.f32 o0,z; mov.f32 o1,z; mov.f32 o2,z; mov.f32 o3,z;");
        CudaAsm.Emit("mov.f32 o4,z; mov.f32 o5,z; mov.f32 o6,z; mov.f32 o7,z;");
        CudaAsm.Emit("mov.f32 o8,z; mov.f32 o9,z; mov.f32 o10,z; mov.f32 o11,z;");
        CudaAsm.Emit("mov.f32 o12,z; mov.f32 o13,z; mov.f32 o14,z; mov.f32 o15,z;");
        CudaAsm.Emit("mov.f32 o16,z; mov.f32 o17,z; mov.f32 o18,z; mov.f32 o19,z;");
        CudaAsm.Emit("mov.f32 o20,z; mov.f32 o21,z; mov.f32 o22,z; mov.f32 o23,z;");
        CudaAsm.Emit("mov.f32 o24,z; mov.f32 o25,z; mov.f32 o26,z; mov.f32 o27,z;");
        CudaAsm.Emit("mov.f32 o28,z; mov.f32 o29,z; mov.f32 o30,z; mov.f32 o31,z;");
        CudaAsm.Emit("mov.f32 o32,z; mov.f32 o33,z; mov.f32 o34,z; mov.f32 o35,z;");
        CudaAsm.Emit("mov.f32 o36,z; mov.f32 o37,z; mov.f32 o38,z; mov.f32 o39,z;");
        if (THead.Blocks == 5) return;
        CudaAsm.Emit("mov.f32 o40,z; mov.f32 o41,z; mov.f32 o42,z; mov.f32 o43,z;");
        CudaAsm.Emit("mov.f32 o44,z; mov.f32 o45,z; mov.f32 o46,z; mov.f32 o47,z;");
        CudaAsm.Emit("mov.f32 o48,z; mov.f32 o49,z; mov.f32 o50,z; mov.f32 o51,z;");
        CudaAsm.Emit("mov.f32 o52,z; mov.f32 o53,z; mov.f32 o54,z; mov.f32 o55,z;");
        CudaAsm.Emit("mov.f32 o56,z; mov.f32 o57,z; mov.f32 o58,z; mov.f32 o59,z;");
        CudaAsm.Emit("mov.f32 o60,z; mov.f32 o61,z; mov.f32 o62,z; mov.f32 o63,z;");
        if (THead.Blocks == 8) return;
        CudaAsm.Emit("mov.f32 o64,z; mov.f32 o65,z; mov.f32 o66,z; mov.f32 o67,z;");
        CudaAsm.Emit("mov.f32 o68,z; mov.f32 o69,z; mov.f32 o70,z; mov.f32 o71,z;");
        CudaAsm.Emit("mov.f32 o72,z; mov.f32 o73,z; mov.f32 o74,z; mov.f32 o75,z;");
        CudaAsm.Emit("mov.f32 o76,z; mov.f32 o77,z; mov.f32 o78,z; mov.f32 o79,z;");
        CudaAsm.Emit("mov.f32 o80,z; mov.f32 o81,z; mov.f32 o82,z; mov.f32 o83,z;");
        CudaAsm.Emit("mov.f32 o84,z; mov.f32 o85,z; mov.f32 o86,z; mov.f32 o87,z;");
        CudaAsm.Emit("mov.f32 o88,z; mov.f32 o89,z; mov.f32 o90,z; mov.f32 o91,z;");
        CudaAsm.Emit("mov.f32 o92,z; mov.f32 o93,z; mov.f32 o94,z; mov.f32 o95,z;");
        CudaAsm.Emit("mov.f32 o96,z; mov.f32 o97,z; mov.f32 o98,z; mov.f32 o99,z;");
        CudaAsm.Emit("mov.f32 o100,z; mov.f32 o101,z; mov.f32 o102,z; mov.f32 o103,z;");
        CudaAsm.Emit("mov.f32 o104,z; mov.f32 o105,z; mov.f32 o106,z; mov.f32 o107,z;");
        CudaAsm.Emit("mov.f32 o108,z; mov.f32 o109,z; mov.f32 o110,z; mov.f32 o111,z;");
        CudaAsm.Emit("mov.f32 o112,z; mov.f32 o113,z; mov.f32 o114,z; mov.f32 o115,z;");
        CudaAsm.Emit("mov.f32 o116,z; mov.f32 o117,z; mov.f32 o118,z; mov.f32 o119,z;");
        CudaAsm.Emit("mov.f32 o120,z; mov.f32 o121,z; mov.f32 o122,z; mov.f32 o123,z;");
        CudaAsm.Emit("mov.f32 o124,z; mov.f32 o125,z; mov.f32 o126,z; mov.f32 o127,z;");
    }

    /// <summary>O *= a factor for each row.</summary>
    /// <param name="low">For row lane / 4 of the warp.</param>
    /// <param name="high">For row lane / 4 + 8.</param>
    public static void Scale(float low, float high)
    {
        CudaAsm.Emit("mul.f32 o0, o0, %0; mul.f32 o1, o1, %0; mul.f32 o2, o2, %1; mul.f32 o3, o3, %1;", low, high);
        CudaAsm.Emit("mul.f32 o4, o4, %0; mul.f32 o5, o5, %0; mul.f32 o6, o6, %1; mul.f32 o7, o7, %1;", low, high);
        CudaAsm.Emit("mul.f32 o8, o8, %0; mul.f32 o9, o9, %0; mul.f32 o10, o10, %1; mul.f32 o11, o11, %1;", low, high);
        CudaAsm.Emit("mul.f32 o12, o12, %0; mul.f32 o13, o13, %0; mul.f32 o14, o14, %1; mul.f32 o15, o15, %1;", low, high);
        CudaAsm.Emit("mul.f32 o16, o16, %0; mul.f32 o17, o17, %0; mul.f32 o18, o18, %1; mul.f32 o19, o19, %1;", low, high);
        CudaAsm.Emit("mul.f32 o20, o20, %0; mul.f32 o21, o21, %0; mul.f32 o22, o22, %1; mul.f32 o23, o23, %1;", low, high);
        CudaAsm.Emit("mul.f32 o24, o24, %0; mul.f32 o25, o25, %0; mul.f32 o26, o26, %1; mul.f32 o27, o27, %1;", low, high);
        CudaAsm.Emit("mul.f32 o28, o28, %0; mul.f32 o29, o29, %0; mul.f32 o30, o30, %1; mul.f32 o31, o31, %1;", low, high);
        CudaAsm.Emit("mul.f32 o32, o32, %0; mul.f32 o33, o33, %0; mul.f32 o34, o34, %1; mul.f32 o35, o35, %1;", low, high);
        CudaAsm.Emit("mul.f32 o36, o36, %0; mul.f32 o37, o37, %0; mul.f32 o38, o38, %1; mul.f32 o39, o39, %1;", low, high);
        if (THead.Blocks == 5) return;
        CudaAsm.Emit("mul.f32 o40, o40, %0; mul.f32 o41, o41, %0; mul.f32 o42, o42, %1; mul.f32 o43, o43, %1;", low, high);
        CudaAsm.Emit("mul.f32 o44, o44, %0; mul.f32 o45, o45, %0; mul.f32 o46, o46, %1; mul.f32 o47, o47, %1;", low, high);
        CudaAsm.Emit("mul.f32 o48, o48, %0; mul.f32 o49, o49, %0; mul.f32 o50, o50, %1; mul.f32 o51, o51, %1;", low, high);
        CudaAsm.Emit("mul.f32 o52, o52, %0; mul.f32 o53, o53, %0; mul.f32 o54, o54, %1; mul.f32 o55, o55, %1;", low, high);
        CudaAsm.Emit("mul.f32 o56, o56, %0; mul.f32 o57, o57, %0; mul.f32 o58, o58, %1; mul.f32 o59, o59, %1;", low, high);
        CudaAsm.Emit("mul.f32 o60, o60, %0; mul.f32 o61, o61, %0; mul.f32 o62, o62, %1; mul.f32 o63, o63, %1;", low, high);
        if (THead.Blocks == 8) return;
        CudaAsm.Emit("mul.f32 o64, o64, %0; mul.f32 o65, o65, %0; mul.f32 o66, o66, %1; mul.f32 o67, o67, %1;", low, high);
        CudaAsm.Emit("mul.f32 o68, o68, %0; mul.f32 o69, o69, %0; mul.f32 o70, o70, %1; mul.f32 o71, o71, %1;", low, high);
        CudaAsm.Emit("mul.f32 o72, o72, %0; mul.f32 o73, o73, %0; mul.f32 o74, o74, %1; mul.f32 o75, o75, %1;", low, high);
        CudaAsm.Emit("mul.f32 o76, o76, %0; mul.f32 o77, o77, %0; mul.f32 o78, o78, %1; mul.f32 o79, o79, %1;", low, high);
        CudaAsm.Emit("mul.f32 o80, o80, %0; mul.f32 o81, o81, %0; mul.f32 o82, o82, %1; mul.f32 o83, o83, %1;", low, high);
        CudaAsm.Emit("mul.f32 o84, o84, %0; mul.f32 o85, o85, %0; mul.f32 o86, o86, %1; mul.f32 o87, o87, %1;", low, high);
        CudaAsm.Emit("mul.f32 o88, o88, %0; mul.f32 o89, o89, %0; mul.f32 o90, o90, %1; mul.f32 o91, o91, %1;", low, high);
        CudaAsm.Emit("mul.f32 o92, o92, %0; mul.f32 o93, o93, %0; mul.f32 o94, o94, %1; mul.f32 o95, o95, %1;", low, high);
        CudaAsm.Emit("mul.f32 o96, o96, %0; mul.f32 o97, o97, %0; mul.f32 o98, o98, %1; mul.f32 o99, o99, %1;", low, high);
        CudaAsm.Emit("mul.f32 o100, o100, %0; mul.f32 o101, o101, %0; mul.f32 o102, o102, %1; mul.f32 o103, o103, %1;", low, high);
        CudaAsm.Emit("mul.f32 o104, o104, %0; mul.f32 o105, o105, %0; mul.f32 o106, o106, %1; mul.f32 o107, o107, %1;", low, high);
        CudaAsm.Emit("mul.f32 o108, o108, %0; mul.f32 o109, o109, %0; mul.f32 o110, o110, %1; mul.f32 o111, o111, %1;", low, high);
        CudaAsm.Emit("mul.f32 o112, o112, %0; mul.f32 o113, o113, %0; mul.f32 o114, o114, %1; mul.f32 o115, o115, %1;", low, high);
        CudaAsm.Emit("mul.f32 o116, o116, %0; mul.f32 o117, o117, %0; mul.f32 o118, o118, %1; mul.f32 o119, o119, %1;", low, high);
        CudaAsm.Emit("mul.f32 o120, o120, %0; mul.f32 o121, o121, %0; mul.f32 o122, o122, %1; mul.f32 o123, o123, %1;", low, high);
        CudaAsm.Emit("mul.f32 o124, o124, %0; mul.f32 o125, o125, %0; mul.f32 o126, o126, %1; mul.f32 o127, o127, %1;", low, high);
    }

    /// <summary>O += P V for 16 keys.</summary>
    /// <param name="p">The first chunk of P's columns for these keys, in shared memory.</param>
    /// <param name="v">The first chunk of V's rows.</param>
    public static void Accumulate(int p, int v)
    {
        int lane = Lane;
        CudaAsm.Emit(
            "{ .reg .u32 t; add.u32 t, smem, %0; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {q0,q1,q2,q3}, [t]; add.u32 at, smem, %1; }",
            (p + (Warp * 16 + (lane & 15)) * TensorCoreFlash.ScorePitch + (lane >> 4)) * 16,
            (v + (lane & 15) * THead.Pitch + (lane >> 4)) * 16);
        CudaAsm.Emit(V + "0]; " + M + "{o0,o1,o2,o3}" + Low + "{o0,o1,o2,o3};");
        CudaAsm.Emit(M + "{o4,o5,o6,o7}" + High + "{o4,o5,o6,o7};");
        CudaAsm.Emit(V + "32]; " + M + "{o8,o9,o10,o11}" + Low + "{o8,o9,o10,o11};");
        CudaAsm.Emit(M + "{o12,o13,o14,o15}" + High + "{o12,o13,o14,o15};");
        CudaAsm.Emit(V + "64]; " + M + "{o16,o17,o18,o19}" + Low + "{o16,o17,o18,o19};");
        CudaAsm.Emit(M + "{o20,o21,o22,o23}" + High + "{o20,o21,o22,o23};");
        CudaAsm.Emit(V + "96]; " + M + "{o24,o25,o26,o27}" + Low + "{o24,o25,o26,o27};");
        CudaAsm.Emit(M + "{o28,o29,o30,o31}" + High + "{o28,o29,o30,o31};");
        CudaAsm.Emit(V + "128]; " + M + "{o32,o33,o34,o35}" + Low + "{o32,o33,o34,o35};");
        CudaAsm.Emit(M + "{o36,o37,o38,o39}" + High + "{o36,o37,o38,o39};");
        if (THead.Blocks == 5) return;
        CudaAsm.Emit(V + "160]; " + M + "{o40,o41,o42,o43}" + Low + "{o40,o41,o42,o43};");
        CudaAsm.Emit(M + "{o44,o45,o46,o47}" + High + "{o44,o45,o46,o47};");
        CudaAsm.Emit(V + "192]; " + M + "{o48,o49,o50,o51}" + Low + "{o48,o49,o50,o51};");
        CudaAsm.Emit(M + "{o52,o53,o54,o55}" + High + "{o52,o53,o54,o55};");
        CudaAsm.Emit(V + "224]; " + M + "{o56,o57,o58,o59}" + Low + "{o56,o57,o58,o59};");
        CudaAsm.Emit(M + "{o60,o61,o62,o63}" + High + "{o60,o61,o62,o63};");
        if (THead.Blocks == 8) return;
        CudaAsm.Emit(V + "256]; " + M + "{o64,o65,o66,o67}" + Low + "{o64,o65,o66,o67};");
        CudaAsm.Emit(M + "{o68,o69,o70,o71}" + High + "{o68,o69,o70,o71};");
        CudaAsm.Emit(V + "288]; " + M + "{o72,o73,o74,o75}" + Low + "{o72,o73,o74,o75};");
        CudaAsm.Emit(M + "{o76,o77,o78,o79}" + High + "{o76,o77,o78,o79};");
        CudaAsm.Emit(V + "320]; " + M + "{o80,o81,o82,o83}" + Low + "{o80,o81,o82,o83};");
        CudaAsm.Emit(M + "{o84,o85,o86,o87}" + High + "{o84,o85,o86,o87};");
        CudaAsm.Emit(V + "352]; " + M + "{o88,o89,o90,o91}" + Low + "{o88,o89,o90,o91};");
        CudaAsm.Emit(M + "{o92,o93,o94,o95}" + High + "{o92,o93,o94,o95};");
        CudaAsm.Emit(V + "384]; " + M + "{o96,o97,o98,o99}" + Low + "{o96,o97,o98,o99};");
        CudaAsm.Emit(M + "{o100,o101,o102,o103}" + High + "{o100,o101,o102,o103};");
        CudaAsm.Emit(V + "416]; " + M + "{o104,o105,o106,o107}" + Low + "{o104,o105,o106,o107};");
        CudaAsm.Emit(M + "{o108,o109,o110,o111}" + High + "{o108,o109,o110,o111};");
        CudaAsm.Emit(V + "448]; " + M + "{o112,o113,o114,o115}" + Low + "{o112,o113,o114,o115};");
        CudaAsm.Emit(M + "{o116,o117,o118,o119}" + High + "{o116,o117,o118,o119};");
        CudaAsm.Emit(V + "480]; " + M + "{o120,o121,o122,o123}" + Low + "{o120,o121,o122,o123};");
        CudaAsm.Emit(M + "{o124,o125,o126,o127}" + High + "{o124,o125,o126,o127};");
    }

    /// <summary>Writes O as bf16 to shared memory, in rows laid out like those of Q.</summary>
    /// <param name="y">The first chunk.</param>
    public static void Store(int y)
    {
        CudaAsm.Emit("add.u32 at, smem, %0; add.u32 below, at, %1;",
            (y + (Warp * 16 + (Lane >> 2)) * THead.Pitch) * 16 + (Lane & 3) * 4, 8 * THead.Pitch * 16);
        CudaAsm.Emit("{ " + C + "w0, o1, o0; " + C + "w1, o3, o2; st.shared.b32 [at+0], w0; st.shared.b32 [below+0], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o5, o4; " + C + "w1, o7, o6; st.shared.b32 [at+16], w0; st.shared.b32 [below+16], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o9, o8; " + C + "w1, o11, o10; st.shared.b32 [at+32], w0; st.shared.b32 [below+32], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o13, o12; " + C + "w1, o15, o14; st.shared.b32 [at+48], w0; st.shared.b32 [below+48], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o17, o16; " + C + "w1, o19, o18; st.shared.b32 [at+64], w0; st.shared.b32 [below+64], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o21, o20; " + C + "w1, o23, o22; st.shared.b32 [at+80], w0; st.shared.b32 [below+80], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o25, o24; " + C + "w1, o27, o26; st.shared.b32 [at+96], w0; st.shared.b32 [below+96], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o29, o28; " + C + "w1, o31, o30; st.shared.b32 [at+112], w0; st.shared.b32 [below+112], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o33, o32; " + C + "w1, o35, o34; st.shared.b32 [at+128], w0; st.shared.b32 [below+128], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o37, o36; " + C + "w1, o39, o38; st.shared.b32 [at+144], w0; st.shared.b32 [below+144], w1; }");
        if (THead.Blocks == 5) return;
        CudaAsm.Emit("{ " + C + "w0, o41, o40; " + C + "w1, o43, o42; st.shared.b32 [at+160], w0; st.shared.b32 [below+160], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o45, o44; " + C + "w1, o47, o46; st.shared.b32 [at+176], w0; st.shared.b32 [below+176], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o49, o48; " + C + "w1, o51, o50; st.shared.b32 [at+192], w0; st.shared.b32 [below+192], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o53, o52; " + C + "w1, o55, o54; st.shared.b32 [at+208], w0; st.shared.b32 [below+208], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o57, o56; " + C + "w1, o59, o58; st.shared.b32 [at+224], w0; st.shared.b32 [below+224], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o61, o60; " + C + "w1, o63, o62; st.shared.b32 [at+240], w0; st.shared.b32 [below+240], w1; }");
        if (THead.Blocks == 8) return;
        CudaAsm.Emit("{ " + C + "w0, o65, o64; " + C + "w1, o67, o66; st.shared.b32 [at+256], w0; st.shared.b32 [below+256], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o69, o68; " + C + "w1, o71, o70; st.shared.b32 [at+272], w0; st.shared.b32 [below+272], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o73, o72; " + C + "w1, o75, o74; st.shared.b32 [at+288], w0; st.shared.b32 [below+288], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o77, o76; " + C + "w1, o79, o78; st.shared.b32 [at+304], w0; st.shared.b32 [below+304], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o81, o80; " + C + "w1, o83, o82; st.shared.b32 [at+320], w0; st.shared.b32 [below+320], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o85, o84; " + C + "w1, o87, o86; st.shared.b32 [at+336], w0; st.shared.b32 [below+336], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o89, o88; " + C + "w1, o91, o90; st.shared.b32 [at+352], w0; st.shared.b32 [below+352], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o93, o92; " + C + "w1, o95, o94; st.shared.b32 [at+368], w0; st.shared.b32 [below+368], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o97, o96; " + C + "w1, o99, o98; st.shared.b32 [at+384], w0; st.shared.b32 [below+384], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o101, o100; " + C + "w1, o103, o102; st.shared.b32 [at+400], w0; st.shared.b32 [below+400], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o105, o104; " + C + "w1, o107, o106; st.shared.b32 [at+416], w0; st.shared.b32 [below+416], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o109, o108; " + C + "w1, o111, o110; st.shared.b32 [at+432], w0; st.shared.b32 [below+432], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o113, o112; " + C + "w1, o115, o114; st.shared.b32 [at+448], w0; st.shared.b32 [below+448], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o117, o116; " + C + "w1, o119, o118; st.shared.b32 [at+464], w0; st.shared.b32 [below+464], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o121, o120; " + C + "w1, o123, o122; st.shared.b32 [at+480], w0; st.shared.b32 [below+480], w1; }");
        CudaAsm.Emit("{ " + C + "w0, o125, o124; " + C + "w1, o127, o126; st.shared.b32 [at+496], w0; st.shared.b32 [below+496], w1; }");
    }

    private static int Lane => Group.IdxX & 31;

    private static int Warp => Group.IdxX >> 5;
}
