using ILGPU;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// How a group of 256 threads multiplies tiles: X [rows, depth] times W [columns, depth] transposed, summed over the depth step by step.
/// </summary>
/// <remarks>
/// Shared memory holds a ring of stages; a stage is a panel of X and behind it a panel of W. A panel's row is the numbers of one step, 64
/// bytes on either core, so that a panel has 4 chunks of 16 bytes for each of its rows. Numbers move in eights. After the last step the
/// same memory takes the tile of sums.
/// </remarks>
internal interface IProductCore
{
    /// <summary>Whether x and W are multiplied in bf16 (with sums in fp32); else all is fp32.</summary>
    static abstract bool MultipliesBFloat16 { get; }

    /// <summary>Columns of a tile: rows of W.</summary>
    static abstract int TileColumns { get; }

    /// <summary>Eights of a step.</summary>
    static abstract int StepEights { get; }

    /// <summary>Stages of the ring.</summary>
    static abstract int Stages { get; }

    /// <summary>F4s from one row of the tile of sums to the next.</summary>
    static abstract int SumPitch { get; }

    /// <summary>The group's shared memory.</summary>
    static abstract ArrayView<F4> TileMemory<TTile>() where TTile : struct, ITile;

    /// <summary>Sums of 0.</summary>
    static abstract ThreadSums Begin<TTile>() where TTile : struct, ITile;

    /// <summary>Where an eight lies in a panel.</summary>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="row">Row of the panel.</param>
    /// <param name="eight">Which eight of the row.</param>
    static abstract int Place(int rows, int row, int eight);

    /// <summary>Starts the copy of eight bf16 numbers to a panel, or of zeros; of a core that multiplies bf16.</summary>
    /// <param name="panel">The panel's first chunk.</param>
    /// <param name="place">From <see cref="Place"/>.</param>
    /// <param name="address">Where the numbers are in device memory.</param>
    /// <param name="inside">Whether there are such numbers.</param>
    static abstract void Copy(int panel, int place, long address, bool inside);

    /// <summary>Writes eight numbers to a panel.</summary>
    /// <param name="memory">The group's memory.</param>
    /// <param name="panel">The panel's first chunk.</param>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="place">From <see cref="Place"/>.</param>
    /// <param name="numbers">The numbers.</param>
    static abstract void Put(ArrayView<F4> memory, int panel, int rows, int place, F8 numbers);

    /// <summary>Ends the copies of a stage.</summary>
    static abstract void CloseStage();

    /// <summary>Waits until this thread's copies of the oldest stage are there; a barrier must follow.</summary>
    static abstract void WaitForStage();

    /// <summary>Adds the products of a stage.</summary>
    /// <param name="memory">The group's memory.</param>
    /// <param name="stage">The stage's first chunk.</param>
    /// <param name="sums">What this thread has so far.</param>
    static abstract ThreadSums Multiply<TTile>(ArrayView<F4> memory, int stage, ThreadSums sums) where TTile : struct, ITile;

    /// <summary>Writes this thread's sums to the tile of sums, row after row.</summary>
    static abstract void Store<TTile>(ArrayView<F4> memory, ThreadSums sums) where TTile : struct, ITile;
}

/// <summary>
/// What a thread has of the tile of sums in plain C#: four rows of four. Tensor cores keep theirs in registers of their own.
/// </summary>
internal struct ThreadSums
{
    public F4 A, B, C, D;
}
