using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>vote.sync: what the lanes of a warp say together.</summary>
internal static unsafe class Votes
{
    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] != "vote" || s.Parts[1] != "sync") return null;
        Shuffles.RequireAll(s, 2);
        int d = s.Register(0), p = s.Operand(1);
        Func<uint, uint> result = s.Parts[2] switch
        {
            "ballot" => ballot => ballot,
            "any" => ballot => ballot != 0 ? 1u : 0,
            "all" => ballot => ballot == uint.MaxValue ? 1u : 0,
            "uni" => ballot => ballot is 0 or uint.MaxValue ? 1u : 0,
            _ => throw s.NotSupported(),
        };
        return (warp, _) =>
        {
            uint ballot = 0;
            for (int lane = 0; lane < Warp.Lanes; lane++)
                if (warp.R[p + lane] != 0) ballot |= 1u << lane;
            for (int lane = 0; lane < Warp.Lanes; lane++) warp.R[d + lane] = result(ballot);
        };
    }
}
