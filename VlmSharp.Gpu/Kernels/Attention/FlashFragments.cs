using ILGPU;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Computes the scores and weights of <see cref="TensorCoreFlash"/> with matrix instructions, in PTX. A warp has 16 queries. Registers have
/// names because PTX has no register arrays. s0 to s31 are the warp's scores with 64 keys, in the accumulator layout of
/// <c>mma.m16n8k16</c>: four for each square of 8 keys. Lane l has rows l / 4 and l / 4 + 8, and columns 2 (l % 4) and the next.
/// </summary>
/// <typeparam name="THead">The size of a head.</typeparam>
internal static class FlashFragments<THead> where THead : struct, IHeadSize
{
    private const string L = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 ", S = "st.shared.v2.f32 ";
    private const string M = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";
    private const string K = L + "{k0,k1,k2,k3}, [t]; ", Low = ", {q0,q1,q2,q3}, {k0,k1}, ", High = ", {q0,q1,q2,q3}, {k2,k3}, ";

    /// <summary>Declares the registers. Call it once, at the top of the kernel.</summary>
    public static void Begin() => CudaAsm.Emit(
        ".reg .f32 o<128>; .reg .f32 s<32>; .reg .b32 q<4>; .reg .b32 k<4>; .reg .b32 w<4>; " +
        ".reg .u32 at; .reg .u32 below; .reg .u32 smem; .reg .f32 z; mov.f32 z, 0f00000000; mov.u32 smem, __dyn_shared_alloca;");

    /// <summary>Writes S[64, 64] = Q K^T to shared memory, in rows of <see cref="TensorCoreFlash.ScorePitch"/> chunks.</summary>
    /// <param name="q">The first chunk of Q [64, D] in shared memory.</param>
    /// <param name="k">The first chunk of K [64, D].</param>
    /// <param name="s">The first chunk of S.</param>
    public static void Scores(int q, int k, int s)
    {
        int lane = Lane, pitch = THead.Pitch;
        int queries = (q + (Warp * 16 + (lane & 15)) * pitch + (lane >> 4)) * 16;
        int keys = (k + ((lane & 7) + (lane >> 4) * 8) * pitch + ((lane >> 3) & 1)) * 16;
        CudaAsm.Emit(
            "mov.f32 s0,z; mov.f32 s1,z; mov.f32 s2,z; mov.f32 s3,z; mov.f32 s4,z; mov.f32 s5,z; mov.f32 s6,z; mov.f32 s7,z; " +
            "mov.f32 s8,z; mov.f32 s9,z; mov.f32 s10,z; mov.f32 s11,z; mov.f32 s12,z; mov.f32 s13,z; mov.f32 s14,z; mov.f32 s15,z; " +
            "mov.f32 s16,z; mov.f32 s17,z; mov.f32 s18,z; mov.f32 s19,z; mov.f32 s20,z; mov.f32 s21,z; mov.f32 s22,z; mov.f32 s23,z; " +
            "mov.f32 s24,z; mov.f32 s25,z; mov.f32 s26,z; mov.f32 s27,z; mov.f32 s28,z; mov.f32 s29,z; mov.f32 s30,z; mov.f32 s31,z;");
        for (int block = 0; block < THead.Blocks; block++) // 16 features: a step of the product
        {
            CudaAsm.Emit(
                "{ .reg .u32 t; add.u32 t, smem, %0; " + L + "{q0,q1,q2,q3}, [t]; add.u32 t, smem, %1; " +
                K + M + "{s0,s1,s2,s3}" + Low + "{s0,s1,s2,s3}; " +
                M + "{s4,s5,s6,s7}" + High + "{s4,s5,s6,s7}; add.u32 t, t, %2; " +
                K + M + "{s8,s9,s10,s11}" + Low + "{s8,s9,s10,s11}; " +
                M + "{s12,s13,s14,s15}" + High + "{s12,s13,s14,s15}; add.u32 t, t, %2; " +
                K + M + "{s16,s17,s18,s19}" + Low + "{s16,s17,s18,s19}; " +
                M + "{s20,s21,s22,s23}" + High + "{s20,s21,s22,s23}; add.u32 t, t, %2; " +
                K + M + "{s24,s25,s26,s27}" + Low + "{s24,s25,s26,s27}; " +
                M + "{s28,s29,s30,s31}" + High + "{s28,s29,s30,s31}; }",
                queries + block * 32, keys + block * 32, 256 * pitch);
        }

        CudaAsm.Emit( // rows are 272 bytes apart, 8 rows are 2176
            "{ .reg .u32 t; add.u32 t, smem, %0; " +
            S + "[t], {s0,s1}; " + S + "[t+2176], {s2,s3}; " +
            S + "[t+32], {s4,s5}; " + S + "[t+2208], {s6,s7}; " +
            S + "[t+64], {s8,s9}; " + S + "[t+2240], {s10,s11}; " +
            S + "[t+96], {s12,s13}; " + S + "[t+2272], {s14,s15}; " +
            S + "[t+128], {s16,s17}; " + S + "[t+2304], {s18,s19}; " +
            S + "[t+160], {s20,s21}; " + S + "[t+2336], {s22,s23}; " +
            S + "[t+192], {s24,s25}; " + S + "[t+2368], {s26,s27}; " +
            S + "[t+224], {s28,s29}; " + S + "[t+2400], {s30,s31}; }",
            (s + (Warp * 16 + (lane >> 2)) * TensorCoreFlash.ScorePitch) * 16 + (lane & 3) * 8);
    }

    /// <summary>Writes eight weights as bf16 to a chunk of shared memory.</summary>
    public static void StoreWeights(int chunk, F8 p) => CudaAsm.Emit(
        "{ .reg .u32 t; add.u32 t, smem, %0; cvt.rn.bf16x2.f32 w0, %2, %1; cvt.rn.bf16x2.f32 w1, %4, %3; " +
        "cvt.rn.bf16x2.f32 w2, %6, %5; cvt.rn.bf16x2.f32 w3, %8, %7; st.shared.v4.b32 [t], {w0,w1,w2,w3}; }",
        chunk * 16, p.A, p.B, p.C, p.D, p.E, p.F, p.G, p.H);

    private static int Lane => Group.IdxX & 31;

    private static int Warp => Group.IdxX >> 5;
}
