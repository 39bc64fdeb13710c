using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>ld: one to four elements of a lane, from parameters, global, shared or local memory.</summary>
internal static unsafe class Loads
{
    /// <summary>Where an access of a lane lies, after its checks.</summary>
    public delegate byte* Locate(Warp warp, int lane, ulong address, int size);

    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] != "ld") return null;
        int[] to = s.Vector(0);
        return s.Space switch
        {
            "param" => FromParameters(s, to[0]),
            "global" => Load(s, to, (warp, lane, at, size) => warp.Group.Launch.Global.Read(warp, lane, at, size)),
            "shared" => Load(s, to, (warp, lane, at, size) => warp.Group.Shared.Read(warp, lane, at, size)),
            "local" => Load(s, to, LocalMemory.Locate),
            "" => Load(s, to, Anywhere),
            _ => throw s.NotSupported(),
        };
    }

    private static byte* Anywhere(Warp warp, int lane, ulong address, int size)
    {
        var (space, at) = GenericAddress.Resolve(address);
        return space switch
        {
            "shared" => warp.Group.Shared.Read(warp, lane, at, size),
            "local" => LocalMemory.Locate(warp, lane, at, size),
            _ => warp.Group.Launch.Global.Read(warp, lane, at, size),
        };
    }

    private static Execute FromParameters(Statement s, int to)
    {
        PtxType t = s.Type;
        int offset = s.ParameterAddress(1, t.Bytes);
        return (warp, lanes) =>
        {
            ulong value;
            fixed (byte* parameters = warp.Group.Launch.Parameters) value = Fill(t, Elements.Load(parameters + offset, t.Bytes));
            for (uint m = lanes; m != 0; m &= m - 1) warp.R[to + BitOperations.TrailingZeroCount(m)] = value;
        };
    }

    private static Execute Load(Statement s, int[] to, Locate locate)
    {
        PtxType t = s.Type;
        var (start, offset) = s.Address(1);
        int bytes = t.Bytes, size = bytes * to.Length;
        bool isShared = s.Space == "shared", isGlobal = s.Space == "global";
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            ulong* addresses = stackalloc ulong[Warp.Lanes];
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                addresses[lane] = isShared ? (uint)(r[start + lane] + offset) : r[start + lane] + offset;
                byte* from = locate(warp, lane, addresses[lane], size);
                for (int i = 0; i < to.Length; i++) r[to[i] + lane] = Fill(t, Elements.Load(from + i * bytes, bytes));
            }

            if (isShared) warp.Group.ExtraPasses[warp.Place] += BankConflicts.ExtraPasses(new(addresses, Warp.Lanes), lanes, size);
            if (isGlobal) warp.Group.Sectors[warp.Place] += Sectors.Count(warp.Group.Launch.Global, new(addresses, Warp.Lanes), lanes);
        };
    }

    /// <summary>Signed bytes and halves fill their register with the sign.</summary>
    private static ulong Fill(PtxType t, ulong value) => t.IsSigned && t.Bits < 32 ? (uint)t.Extend(value) : value;
}
