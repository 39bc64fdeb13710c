using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>cp.async: asynchronous copies from global to shared memory, in batches that a thread closes and waits for.</summary>
internal static class Copies
{
    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] != "cp") return null;
        return s.Name switch
        {
            "cp.async.commit_group" => EachLane((warp, lane) => warp.Copies.Commit(lane)),
            "cp.async.wait_all" => EachLane((warp, lane) => warp.Copies.WaitAll(lane)),
            "cp.async.wait_group" => Wait(s.Constant(0)),
            _ when s.Parts is ["cp", "async", "ca" or "cg", "shared", "global", ..] => Begin(s),
            _ => throw s.NotSupported(),
        };
    }

    private static Execute Wait(int open) => EachLane((warp, lane) => warp.Copies.Wait(lane, open));

    /// <summary>cp.async.cg.shared.global [target], [source], 16, given.</summary>
    private static unsafe Execute Begin(Statement s)
    {
        var (target, targetOffset) = s.Address(0);
        var (source, sourceOffset) = s.Address(1);
        int size = s.Constant(2), given = s.Operand(s.Operands.Length > 3 ? 3 : 2);
        if (size is not (4 or 8 or 16) || (s.Has("cg") && size != 16)) throw s.NotSupported();
        return (warp, lanes) =>
        {
            ulong* sources = stackalloc ulong[Warp.Lanes];
            uint reading = 0;
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m), count = (int)warp.R[given + lane];
                if (count < 0 || count > size) throw warp.Fault(PtxFault.OutOfBounds, lane, $"{count} bytes given of {size}");
                sources[lane] = warp.R[source + lane] + sourceOffset;
                if (count > 0) reading |= 1u << lane;
                warp.Copies.Begin(lane, (uint)(warp.R[target + lane] + targetOffset), sources[lane], size, count);
            }

            warp.Group.Sectors[warp.Place] += Sectors.Count(warp.Group.Launch.Global, new(sources, Warp.Lanes), reading);
        };
    }

    private static Execute EachLane(Action<Warp, int> act) => (warp, lanes) =>
    {
        for (uint m = lanes; m != 0; m &= m - 1) act(warp, BitOperations.TrailingZeroCount(m));
    };
}
