namespace VlmSharp.Gpu.Tests.Ptx.Execution;

/// <summary>The position of a thread in its group and grid.</summary>
internal static class SpecialRegisters
{
    private static readonly HashSet<string> Names =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z",
        "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
        "%laneid", "%warpid", "%dynamic_smem_size",
    ];

    public static bool Knows(string name) => Names.Contains(name);

    public static int Value(string name, Group group, int thread) => name switch
    {
        "%tid.x" => thread,
        "%ntid.x" => group.Launch.Threads,
        "%tid.y" or "%tid.z" => 0,
        "%ntid.y" or "%ntid.z" => 1,
        "%ctaid.x" => group.X,
        "%ctaid.y" => group.Y,
        "%ctaid.z" => group.Z,
        "%nctaid.x" => group.Launch.Grid.X,
        "%nctaid.y" => group.Launch.Grid.Y,
        "%nctaid.z" => group.Launch.Grid.Z,
        "%laneid" => thread % Warp.Lanes,
        "%warpid" => thread / Warp.Lanes,
        "%dynamic_smem_size" => group.Launch.Grid.SharedBytes,
        _ => throw new NotSupportedException(name),
    };
}
