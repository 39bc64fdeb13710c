using System.Runtime.Intrinsics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>ldmatrix and mma: matrices spread over the registers of a warp, two bf16 numbers in each.</summary>
internal static unsafe class Matrices
{
    private const int M = 16, N = 8, K = 16;

    public static Execute? Decode(Statement s) => s.Parts[0] switch
    {
        "ldmatrix" => Load(s),
        "mma" when s.Name == "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" => Multiply(s),
        _ => null,
    };

    /// <summary>
    /// 1, 2 or 4 matrices of 8 x 8 numbers of 16 bits. Lane 8 i + r has the address of row r of matrix i, 16 bytes. Lane l gets of each
    /// matrix
    /// row l / 4, columns 2 (l % 4) and the next; or of its transpose.
    /// </summary>
    private static Execute Load(Statement s)
    {
        if (!s.Has("sync") || !s.Has("aligned") || !s.Has("m8n8") || !s.Has("shared") || !s.Has("b16")) throw s.NotSupported();
        int[] to = s.Vector(0);
        if (to.Length != (s.Has("x4") ? 4 : s.Has("x2") ? 2 : 1)) throw s.NotSupported();
        var (start, offset) = s.Address(1);
        bool isTransposed = s.Has("trans");
        return (warp, _) =>
        {
            ulong* r = warp.R;
            ulong* addresses = stackalloc ulong[Warp.Lanes];
            ushort* matrices = stackalloc ushort[4 * 64];
            for (int lane = 0; lane < to.Length * 8; lane++)
            {
                addresses[lane] = (uint)(r[start + lane] + offset);
                byte* row = warp.Group.Shared.Read(warp, lane, addresses[lane], 16);
                new Span<byte>(row, 16).CopyTo(new Span<byte>(matrices + lane * 8, 16));
            }

            for (int i = 0; i < to.Length; i++)
                for (int lane = 0; lane < Warp.Lanes; lane++)
                {
                    ushort* matrix = matrices + i * 64;
                    int row = lane / 4, column = lane % 4 * 2;
                    uint low = isTransposed ? matrix[column * 8 + row] : matrix[row * 8 + column];
                    uint high = isTransposed ? matrix[(column + 1) * 8 + row] : matrix[row * 8 + column + 1];
                    r[to[i] + lane] = low | (high << 16);
                }

            uint rows = to.Length == 4 ? uint.MaxValue : (1u << (to.Length * 8)) - 1;
            warp.Group.ExtraPasses[warp.Place] += BankConflicts.ExtraPasses(new(addresses, Warp.Lanes), rows, 16);
        };
    }

    /// <summary>D = A B + C: A [16, 16], B [16, 8], C and D [16, 8]; sums in fp32.</summary>
    private static Execute Multiply(Statement s)
    {
        int[] d = s.Vector(0), a = s.Vector(1), b = s.Vector(2), c = s.Vector(3);
        if (d.Length != 4 || a.Length != 4 || b.Length != 2 || c.Length != 4) throw s.NotSupported();
        return (warp, _) =>
        {
            ulong* r = warp.R;
            float* left = stackalloc float[M * K]; // [m, k]
            float* right = stackalloc float[N * K]; // [n, k]
            for (int lane = 0; lane < Warp.Lanes; lane++)
            {
                int row = lane / 4, column = lane % 4 * 2;
                for (int i = 0; i < 4; i++) Unpack(r[a[i] + lane], left + (row + i % 2 * 8) * K + column + i / 2 * 8);
                for (int i = 0; i < 2; i++) Unpack(r[b[i] + lane], right + row * K + column + i * 8);
            }

            for (int lane = 0; lane < Warp.Lanes; lane++)
                for (int i = 0; i < 4; i++)
                {
                    float* x = left + (lane / 4 + i / 2 * 8) * K, w = right + (lane % 4 * 2 + i % 2) * K;
                    float sum = Vector256.Sum(Vector256.Load(x) * Vector256.Load(w) + Vector256.Load(x + 8) * Vector256.Load(w + 8));
                    r[d[i] + lane] = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((uint)r[c[i] + lane]) + sum);
                }
        };
    }

    private static void Unpack(ulong pair, float* to)
    {
        to[0] = BitConverter.UInt32BitsToSingle((uint)pair << 16);
        to[1] = BitConverter.UInt32BitsToSingle((uint)pair & 0xffff0000);
    }
}
