using System.Text.RegularExpressions;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Properties of a kernel's text that can be found without an assembler.</summary>
/// <param name="LiveRegisters">Registers of 32 bits alive at once, at most: about what the driver's compiler needs at least.</param>
/// <param name="LiveAt">The instruction at which so many are alive.</param>
/// <param name="UsesLocalMemory">Whether registers or arrays lie in local memory, which is slow.</param>
/// <param name="GlobalLoads">Loads from global memory in the text, by bytes of a thread.</param>
/// <param name="StaticSharedBytes">Shared memory that the kernel declares.</param>
internal sealed partial record PtxLint(
    int LiveRegisters, string LiveAt, bool UsesLocalMemory, IReadOnlyDictionary<int, int> GlobalLoads, int StaticSharedBytes)
{
    [GeneratedRegex(@"\bld(?:\.volatile)?\.global[\w.:]*?(?:\.v(?<count>[24]))?\.(?<type>[subf]\d+)\s")]
    private static partial Regex GlobalLoad();

    /// <summary>Bytes that a thread reads from global memory at once, at most.</summary>
    public int WidestRead { get; private init; }

    public static PtxLint Of(Launching.Kernel kernel) => Of(PtxCompiler.Compile(kernel));

    public static PtxLint Of(string ptx)
    {
        Parsing.PtxProgram program = Parsing.PtxProgram.Parse(ptx);
        var (live, place) = LiveRegisterCount.Largest(program);
        var loads = new SortedDictionary<int, int>();
        foreach (Match load in GlobalLoad().Matches(ptx))
        {
            int count = load.Groups["count"].Success ? int.Parse(load.Groups["count"].Value) : 1;
            int bytes = count * Parsing.PtxType.Parse(load.Groups["type"].Value).Bytes;
            loads[bytes] = loads.GetValueOrDefault(bytes) + 1;
        }

        bool copiesChunks = ptx.Contains("cp.async.cg.shared.global", StringComparison.Ordinal); // always 16 bytes
        return new(live, program.Code[place].Text, ptx.Contains(".local", StringComparison.Ordinal), loads, program.SharedBytes)
        {
            WidestRead = copiesChunks ? 16 : loads.Keys.DefaultIfEmpty().Max(),
        };
    }
}
