namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>The faults that the machine detects.</summary>
internal enum PtxFault
{
    /// <summary>Two threads touch one word of shared memory between two barriers, and one of them writes.</summary>
    SharedRace,

    /// <summary>
    /// Two threads of a launch touch the same global memory, unordered, and one writes (a different value, where both write).
    /// </summary>
    GlobalRace,

    /// <summary>An address outside the memory that the launch may touch.</summary>
    OutOfBounds,

    /// <summary>An address that is no multiple of the access's size.</summary>
    Misaligned,

    /// <summary>Threads wait at a place that the others never reach.</summary>
    Deadlock,

    /// <summary>An instruction for a whole warp that some of its threads do not reach.</summary>
    PartialWarp,

    /// <summary>A read of shared memory that nobody wrote.</summary>
    Uninitialized,

    /// <summary>An access to shared memory that an asynchronous copy has not filled yet.</summary>
    TooEarly,

    /// <summary>A thread that does not end.</summary>
    Endless,

    /// <summary>A launch that a driver would refuse.</summary>
    Refused,
}

/// <summary>A program does something that a GPU cannot do, or not reliably.</summary>
internal sealed class PtxException(PtxFault fault, string message) : Exception($"{fault}: {message}")
{
    public PtxFault Fault => fault;

    /// <summary>The same fault with the name of its kernel.</summary>
    public PtxException In(string kernel) => new(fault, $"{message} [{kernel}]");
}
