using System.Collections.Concurrent;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>A program of PTX, read and decoded once, to be launched any number of times.</summary>
internal sealed class PtxProgram
{
    /// <summary>Driver's limit of the shared memory that a program declares itself.</summary>
    public const int MostStaticShared = 48 * 1024;

    public required string Name { get; init; }

    public required PtxInstruction[] Code { get; init; }

    /// <summary>Registers of a thread, with the slots that hold constants and special registers.</summary>
    public required int Slots { get; init; }

    /// <summary>
    /// What each register needs of the file of registers, in registers of 32 bits; predicates, constants and special registers nothing.
    /// </summary>
    public required int[] Widths { get; init; }

    /// <summary>Slots and the constants in them.</summary>
    public required (int Slot, ulong Value)[] Constants { get; init; }

    /// <summary>Slots and the special registers in them.</summary>
    public required (int Slot, string Name)[] Specials { get; init; }

    /// <summary>Bytes of the parameters.</summary>
    public required int ParameterBytes { get; init; }

    /// <summary>Shared memory that the program declares, in bytes; memory requested at launch follows it.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Local memory of a thread.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>The narrowest access to shared memory: bytes that are watched as one.</summary>
    public required int SharedGrain { get; init; }

    /// <summary>The narrowest access to global memory.</summary>
    public required int GlobalGrain { get; init; }

    /// <summary>Groups that have run and can be reused, because their memory is worth keeping.</summary>
    public ConcurrentBag<Group> Idle { get; } = [];

    public static PtxProgram Parse(string ptx) => new PtxParser(ptx).Parse();
}
