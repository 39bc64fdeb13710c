using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>How control flow continues.</summary>
internal enum FlowKind
{
    /// <summary>To the next instruction.</summary>
    Plain,

    /// <summary>To a label.</summary>
    Branch,

    /// <summary>To one of several labels.</summary>
    BranchIndexed,

    /// <summary>The thread ends.</summary>
    Exit,

    /// <summary>All threads of the group meet.</summary>
    Barrier,

    /// <summary>All threads of the warp meet and act together.</summary>
    WarpWide,
}

/// <summary>What an instruction does.</summary>
/// <param name="warp">Has the registers that are read and written.</param>
/// <param name="lanes">The lanes that take part, a bit each.</param>
internal delegate void Execute(Warp warp, uint lanes);

/// <summary>One instruction, decoded.</summary>
internal sealed class PtxInstruction(string text, string name)
{
    /// <summary>The text of the instruction in the program.</summary>
    public string Text => text;

    /// <summary>The instruction with its modifiers, without operands.</summary>
    public string Name => name;

    public FlowKind Flow { get; init; }

    /// <summary>The implementation; null for branches, exits and barriers.</summary>
    public Execute? Execute { get; init; }

    /// <summary>The slot of the predicate register; -1 if always executed.</summary>
    public int Guard { get; init; } = -1;

    /// <summary>Executed where the predicate is false.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Registers that it reads, the predicate among them: the number of each.</summary>
    public int[] Reads { get; init; } = [];

    /// <summary>Registers that it writes.</summary>
    public int[] Writes { get; init; } = [];

    /// <summary>Places to go to.</summary>
    public int[] Targets { get; set; } = [];

    /// <summary>Where the index of <see cref="FlowKind.BranchIndexed"/> lies.</summary>
    public int Index { get; init; }
}
