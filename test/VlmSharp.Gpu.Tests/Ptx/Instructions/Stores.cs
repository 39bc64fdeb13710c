using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>st: one to four elements of a lane, to global, shared or local memory.</summary>
internal static unsafe class Stores
{
    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] != "st") return null;
        int[] from = s.Vector(1);
        return s.Space switch
        {
            "global" => ToGlobal(s, from),
            "shared" => Store(s, from, (warp, lane, at, size) => warp.Group.Shared.Write(warp, lane, at, size)),
            "local" => Store(s, from, LocalMemory.Locate),
            "" => Anywhere(s, from),
            _ => throw s.NotSupported(),
        };
    }

    private static Execute ToGlobal(Statement s, int[] from)
    {
        var (start, offset) = s.Address(0);
        int bytes = s.Type.Bytes;
        return (warp, lanes) =>
        {
            lock (warp.Group.Launch.Global.Writing)
                for (uint m = lanes; m != 0; m &= m - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(m);
                    WriteGlobal(warp, lane, warp.R[start + lane] + offset, from, bytes);
                }
        };
    }

    private static void WriteGlobal(Warp warp, int lane, ulong address, int[] from, int bytes)
    {
        GlobalMemory global = warp.Group.Launch.Global;
        global.CheckAddress(warp, lane, address, bytes * from.Length);
        for (int i = 0; i < from.Length; i++) global.Write(warp, lane, address + (ulong)(i * bytes), bytes, warp.R[from[i] + lane]);
    }

    private static Execute Store(Statement s, int[] from, Loads.Locate locate)
    {
        var (start, offset) = s.Address(0);
        int bytes = s.Type.Bytes, size = bytes * from.Length;
        bool isShared = s.Space == "shared";
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            ulong* addresses = stackalloc ulong[Warp.Lanes];
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                addresses[lane] = isShared ? (uint)(r[start + lane] + offset) : r[start + lane] + offset;
                Put(locate(warp, lane, addresses[lane], size), r + lane, from, bytes);
            }

            if (isShared) warp.Group.ExtraPasses[warp.Place] += BankConflicts.ExtraPasses(new(addresses, Warp.Lanes), lanes, size);
        };
    }

    private static Execute Anywhere(Statement s, int[] from)
    {
        var (start, offset) = s.Address(0);
        int bytes = s.Type.Bytes, size = bytes * from.Length;
        return (warp, lanes) =>
        {
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                var (space, at) = GenericAddress.Resolve(warp.R[start + lane] + offset);
                if (space == "shared") Put(warp.Group.Shared.Write(warp, lane, at, size), warp.R + lane, from, bytes);
                else if (space == "local") Put(LocalMemory.Locate(warp, lane, at, size), warp.R + lane, from, bytes);
                else
                    lock (warp.Group.Launch.Global.Writing)
                        WriteGlobal(warp, lane, at, from, bytes);
            }
        };
    }

    private static void Put(byte* to, ulong* registersOfLane, int[] from, int bytes)
    {
        for (int i = 0; i < from.Length; i++) Elements.Store(to + i * bytes, bytes, registersOfLane[from[i]]);
    }
}
