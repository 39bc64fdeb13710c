using ILGPU;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// How a group of 256 threads multiplies tiles: X [rows, depth] times the transpose of W [columns, depth], summed over the depth step by
/// step. Either operand may lie across, that is transposed, as [depth, rows] or [depth, columns]: an <see cref="IProductForm"/> says so.
/// </summary>
/// <remarks>
/// Shared memory holds a ring of stages. A stage is a panel of X followed by a panel of W. For each of its rows, a panel has the numbers of
/// one step: 64 bytes on either core. Numbers move in eights: eight numbers of a row, or, if the operand lies across, of eight rows at one
/// depth. After the last step, the same memory holds the tile of sums.
/// </remarks>
internal interface IProductCore
{
    /// <summary>Whether x and W are multiplied in bf16 (with sums in fp32); otherwise everything is fp32.</summary>
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

    /// <summary>Starts with sums of 0.</summary>
    static abstract ThreadSums Begin<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm;

    /// <summary>Chunks of a panel.</summary>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="isAcross">Whether its operand lies across.</param>
    static abstract int PanelChunks(int rows, bool isAcross);

    /// <summary>The place in a panel of an eight of one row.</summary>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="row">Row of the panel.</param>
    /// <param name="eight">Which eight of the row.</param>
    static abstract int Place(int rows, int row, int eight);

    /// <summary>The place in a panel of an eight of eight rows, if the operand lies across.</summary>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="depth">The depth within the step.</param>
    /// <param name="eight">Which eight of the rows.</param>
    static abstract int PlaceAcross(int rows, int depth, int eight);

    /// <summary>Starts to copy eight bf16 numbers to a panel, or zeros; only for a core that multiplies bf16.</summary>
    /// <param name="panel">The panel's first chunk.</param>
    /// <param name="place">From <see cref="Place"/> or <see cref="PlaceAcross"/>.</param>
    /// <param name="address">Where the numbers are in device memory.</param>
    /// <param name="inside">Whether the numbers exist; otherwise zeros are copied.</param>
    static abstract void Copy(int panel, int place, long address, bool inside);

    /// <summary>Writes eight numbers to a panel.</summary>
    /// <param name="memory">The group's memory.</param>
    /// <param name="panel">The panel's first chunk.</param>
    /// <param name="rows">The panel's rows.</param>
    /// <param name="place">From <see cref="Place"/> or <see cref="PlaceAcross"/>.</param>
    /// <param name="isAcross">Whether the operand lies across.</param>
    /// <param name="numbers">Eight neighbors in a stored row of the operand.</param>
    static abstract void Put(ArrayView<F4> memory, int panel, int rows, int place, bool isAcross, F8 numbers);

    /// <summary>Ends the copies of a stage.</summary>
    static abstract void CloseStage();

    /// <summary>Waits until this thread's copies of the oldest stage have arrived; a barrier must follow.</summary>
    static abstract void WaitForStage();

    /// <summary>Adds the products of a stage.</summary>
    /// <param name="memory">The group's memory.</param>
    /// <param name="stage">The stage's first chunk.</param>
    /// <param name="sums">This thread's sums so far.</param>
    static abstract ThreadSums Multiply<TTile, TForm>(ArrayView<F4> memory, int stage, ThreadSums sums)
        where TTile : struct, ITile where TForm : struct, IProductForm;

    /// <summary>Writes this thread's sums to the tile of sums, row after row.</summary>
    static abstract void Store<TTile>(ArrayView<F4> memory, ThreadSums sums) where TTile : struct, ITile;
}

/// <summary>
/// A thread's part of the tile of sums in plain C#: four rows of four. Tensor cores keep theirs in their own registers.
/// </summary>
internal struct ThreadSums
{
    public F4 A, B, C, D;
}
