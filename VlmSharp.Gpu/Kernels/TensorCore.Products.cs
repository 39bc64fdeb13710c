using ILGPU;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// Tiles of 128 columns by mma.sync m16n8k16: bf16 times bf16, sums in fp32. Eight warps share a tile; a warp has squares of 16 x 8.
/// <code>
/// rows of the tile   warps   a warp's rows x columns   squares
/// 16                 1 x 8   16 x 16                   1 x 2
/// 32                 1 x 8   32 x 16                   2 x 2
/// 64                 2 x 4   32 x 32                   2 x 4
/// 128                2 x 4   64 x 32                   4 x 4
/// </code>
/// Square (i, j) of a warp has its sums in the registers acc(16i + 4j) to acc(16i + 4j + 3), which inline PTX declares: C# variables would
/// move the sums of a matrix instruction through memory. A row of a panel is 4 chunks of 16 bytes. Chunk c of row r lies at place c ^ (r /
/// 2 % 4), so that one chunk of 8 rows lies in 8 different groups of banks. A panel whose operand lies across has 32 rows, one for each
/// depth. They are an odd number of chunks apart for the same reason, and ldmatrix transposes its squares.
/// </summary>
internal partial struct TensorCore : IProductCore
{
    private const int PanelColumns = 128, StepNumbers = 32, ChunkBytes = 16;
    private const int SumPitchBytes = 544; // 128 sums and 32 bytes, so that rows begin in different banks

    public static bool MultipliesBFloat16 => true;

    public static int TileColumns => PanelColumns;

    public static int StepEights => StepNumbers / 8;

    public static int Stages => 4;

    public static int SumPitch => SumPitchBytes / ChunkBytes;

    public static ArrayView<F4> TileMemory<TTile>() where TTile : struct, ITile => SharedMemory.GetDynamic<F4>();

    public static ThreadSums Begin<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm
    {
        CudaAsm.Emit(
            """
            .reg .f32 acc<64>; .reg .b32 ra<16>; .reg .b32 rb<8>; .reg .u32 tiles, firstx, secondx, firstw, secondw, fromx, fromw;
            mov.u32 tiles, __dyn_shared_alloca;
            """);
        FindX<TTile, TForm>();
        FindW<TTile, TForm>();
        CudaAsm.Emit(Zero0Left);
        if (TTile.Rows >= 32) CudaAsm.Emit(Zero1Left);
        if (TTile.Rows >= 64) CudaAsm.Emit(Zero0Right + Zero1Right);
        if (TTile.Rows == 128) CudaAsm.Emit(Zero2Left + Zero2Right + Zero3Left + Zero3Right);
        return default;
    }

    /// <summary>cp.async with a source size of 0 writes zeros.</summary>
    public static void Copy(int panel, int place, long address, bool inside)
    {
        int bytes = inside ? ChunkBytes : 0;
        int target = (panel + place) * ChunkBytes;
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, tiles, %0; cp.async.cg.shared.global [t], [%1], 16, %2; }", target, address, bytes);
    }

    public static void Put(ArrayView<F4> memory, int panel, int rows, int place, bool isAcross, F8 numbers) =>
        memory.Cast<U4>()[panel + place] = Bits.Pack(numbers);

    public static int PanelChunks(int rows, bool isAcross) => isAcross ? StepNumbers * AcrossPitch(rows) : rows * 4;

    public static int Place(int rows, int row, int eight) => row * 4 + (eight ^ ((row >> 1) & 3));

    public static int PlaceAcross(int rows, int depth, int eight) => depth * AcrossPitch(rows) + eight;

    private static int AcrossPitch(int rows) => rows / 8 + 1;

    public static void CloseStage() => CudaAsm.Emit("cp.async.commit_group;");

    public static void WaitForStage() => CudaAsm.Emit("cp.async.wait_group 2;"); // Stages - 2

    /// <summary>
    /// The address that a lane passes to ldmatrix, of one row of 8 x 8 numbers, within a stage: 16 rows, then the chunk to the right. If
    /// the operand lies across: 8 depths, the next 8 rows, the next 8 depths. The second half of the depth is 16 numbers further.
    /// </summary>
    private static void FindX<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm
    {
        int lane = Group.IdxX & 31, row = WarpRow<TTile>(), first, second;
        if (TForm.IsXAcross)
        {
            first = PlaceAcross(TTile.Rows, (lane & 7) + (lane >> 4) * 8, row / 8 + ((lane >> 3) & 1));
            second = first + PlaceAcross(TTile.Rows, 16, 0);
        }
        else
        {
            first = Place(TTile.Rows, row + (lane & 15), lane >> 4);
            second = Place(TTile.Rows, row + (lane & 15), (lane >> 4) + 2);
        }

        CudaAsm.Emit("add.u32 firstx, tiles, %0;", first * ChunkBytes);
        CudaAsm.Emit("add.u32 secondx, tiles, %0;", second * ChunkBytes);
    }

    /// <summary>
    /// The same for W: 8 rows, the chunk to the right, the next 8 rows. If the operand lies across: 16 depths, the next 8 rows.
    /// </summary>
    private static void FindW<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm
    {
        int lane = Group.IdxX & 31, column = WarpColumn<TTile>(), panel = PanelChunks(TTile.Rows, TForm.IsXAcross), first, second;
        if (TForm.IsWAcross)
        {
            first = PlaceAcross(PanelColumns, lane & 15, column / 8 + (lane >> 4));
            second = first + PlaceAcross(PanelColumns, 16, 0);
        }
        else
        {
            int row = column + (lane & 7) + (lane >> 4) * 8, chunk = (lane >> 3) & 1;
            first = Place(PanelColumns, row, chunk);
            second = Place(PanelColumns, row, chunk + 2);
        }

        CudaAsm.Emit("add.u32 firstw, tiles, %0;", (panel + first) * ChunkBytes);
        CudaAsm.Emit("add.u32 secondw, tiles, %0;", (panel + second) * ChunkBytes);
    }

    /// <summary>Two steps of depth 16.</summary>
    public static ThreadSums Multiply<TTile, TForm>(ArrayView<F4> memory, int stage, ThreadSums sums)
        where TTile : struct, ITile where TForm : struct, IProductForm
    {
        int at = stage * ChunkBytes;
        CudaAsm.Emit("add.u32 fromx, firstx, %0;", at);
        CudaAsm.Emit("add.u32 fromw, firstw, %0;", at);
        LoadX<TTile, TForm>();
        LoadW<TTile, TForm>();
        MultiplySquares<TTile>();

        CudaAsm.Emit("add.u32 fromx, secondx, %0;", at);
        CudaAsm.Emit("add.u32 fromw, secondw, %0;", at);
        LoadX<TTile, TForm>();
        LoadW<TTile, TForm>();
        MultiplySquares<TTile>();
        return sums;
    }

    private static void LoadX<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm
    {
        if (TForm.IsXAcross)
        {
            CudaAsm.Emit(TurnX0);
            if (TTile.Rows >= 32) CudaAsm.Emit(TurnX1);
            if (TTile.Rows == 128) CudaAsm.Emit(TurnX2 + TurnX3);
        }
        else
        {
            CudaAsm.Emit(LoadX0);
            if (TTile.Rows >= 32) CudaAsm.Emit(LoadX1);
            if (TTile.Rows == 128) CudaAsm.Emit(LoadX2 + LoadX3);
        }
    }

    private static void LoadW<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm
    {
        if (TForm.IsWAcross)
        {
            CudaAsm.Emit(TurnW0);
            if (TTile.Rows >= 64) CudaAsm.Emit(TurnW1);
        }
        else
        {
            CudaAsm.Emit(LoadW0);
            if (TTile.Rows >= 64) CudaAsm.Emit(LoadW1);
        }
    }

    private static void MultiplySquares<TTile>() where TTile : struct, ITile
    {
        CudaAsm.Emit(Row0Left);
        if (TTile.Rows >= 32) CudaAsm.Emit(Row1Left);
        if (TTile.Rows >= 64) CudaAsm.Emit(Row0Right + Row1Right);
        if (TTile.Rows == 128) CudaAsm.Emit(Row2Left + Row2Right + Row3Left + Row3Right);
    }

    /// <summary>In each square, a lane has rows lane / 4 and lane / 4 + 8, and columns 2 (lane % 4) and the next.</summary>
    public static void Store<TTile>(ArrayView<F4> memory, ThreadSums sums) where TTile : struct, ITile
    {
        int lane = Group.IdxX & 31;
        int at = (WarpRow<TTile>() + (lane >> 2)) * SumPitchBytes + (WarpColumn<TTile>() + (lane & 3) * 2) * sizeof(float);
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, tiles, %0;\n" + Store0Left + "}", at);
        if (TTile.Rows >= 32) CudaAsm.Emit("{ .reg .u32 t; add.u32 t, tiles, %0;\n" + Store1Left + "}", at);
        if (TTile.Rows >= 64) CudaAsm.Emit("{ .reg .u32 t; add.u32 t, tiles, %0;\n" + Store0Right + Store1Right + "}", at);
        if (TTile.Rows == 128)
            CudaAsm.Emit("{ .reg .u32 t; add.u32 t, tiles, %0;\n" + Store2Left + Store2Right + Store3Left + Store3Right + "}", at);
    }

    private static int WarpRow<TTile>() where TTile : struct, ITile => TTile.Rows < 64 ? 0 : (Group.IdxX >> 7) * (TTile.Rows / 2);

    private static int WarpColumn<TTile>() where TTile : struct, ITile =>
        TTile.Rows < 64 ? (Group.IdxX >> 5) * 16 : ((Group.IdxX >> 5) & 3) * 32;
}
