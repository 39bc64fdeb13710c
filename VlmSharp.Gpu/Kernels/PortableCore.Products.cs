using ILGPU;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// Tiles of 64 columns and 16 or 64 rows. A panel is stored transposed, [16 numbers, rows] in fp32, so that a thread reads its four rows,
/// or four columns, at once; an operand that lies across is already stored so. Thread (i, j) of 16 x 16 has rows 4i to 4i + 3, or row i,
/// and columns 4j to 4j + 3.
/// </summary>
internal partial struct PortableCore : IProductCore
{
    private const int ThreadsAcross = 16, StepNumbers = 16, PanelColumns = 64;
    private const int MostTileChunks = 2 * (64 + PanelColumns) * 4; // two stages; the tile of sums, 64 x 64, has the same size

    public static bool MultipliesBFloat16 => false;

    public static int TileColumns => PanelColumns;

    public static int StepEights => StepNumbers / 8;

    public static int Stages => 2;

    public static int SumPitch => PanelColumns / 4;

    public static ArrayView<F4> TileMemory<TTile>() where TTile : struct, ITile => SharedMemory.Allocate<F4>(MostTileChunks);

    public static ThreadSums Begin<TTile, TForm>() where TTile : struct, ITile where TForm : struct, IProductForm => default;

    public static int PanelChunks(int rows, bool isAcross) => rows * StepNumbers / 4;

    public static int Place(int rows, int row, int eight) => eight * 8 * rows + row;

    public static int PlaceAcross(int rows, int depth, int eight) => depth * rows + eight * 8;

    public static void Copy(int panel, int place, long address, bool inside) { }

    public static void Put(ArrayView<F4> memory, int panel, int rows, int place, bool isAcross, F8 numbers)
    {
        if (isAcross)
        {
            int chunk = panel + place / 4;
            memory[chunk] = new F4 { X = numbers.A, Y = numbers.B, Z = numbers.C, W = numbers.D };
            memory[chunk + 1] = new F4 { X = numbers.E, Y = numbers.F, Z = numbers.G, W = numbers.H };
            return;
        }

        ArrayView<float> column = memory.Cast<float>();
        int at = panel * 4 + place;
        column[at] = numbers.A;
        column[at + rows] = numbers.B;
        column[at + 2 * rows] = numbers.C;
        column[at + 3 * rows] = numbers.D;
        column[at + 4 * rows] = numbers.E;
        column[at + 5 * rows] = numbers.F;
        column[at + 6 * rows] = numbers.G;
        column[at + 7 * rows] = numbers.H;
    }

    public static void CloseStage() { }

    public static void WaitForStage() { }

    public static ThreadSums Multiply<TTile, TForm>(ArrayView<F4> memory, int stage, ThreadSums sums)
        where TTile : struct, ITile where TForm : struct, IProductForm
    {
        int i = Group.IdxX / ThreadsAcross, j = Group.IdxX % ThreadsAcross, panelOfW = stage + TTile.Rows * 4;
        for (int k = 0; k < StepNumbers; k++)
        {
            F4 w = memory[panelOfW + k * (PanelColumns / 4) + j];
            if (TTile.Rows == 16)
            {
                sums.A = sums.A.PlusTimes(memory.Cast<float>()[stage * 4 + k * TTile.Rows + i], w);
                continue;
            }

            F4 x = memory[stage + k * (TTile.Rows / 4) + i];
            sums.A = sums.A.PlusTimes(x.X, w);
            sums.B = sums.B.PlusTimes(x.Y, w);
            sums.C = sums.C.PlusTimes(x.Z, w);
            sums.D = sums.D.PlusTimes(x.W, w);
        }

        return sums;
    }

    public static void Store<TTile>(ArrayView<F4> memory, ThreadSums sums) where TTile : struct, ITile
    {
        int row = Group.IdxX / ThreadsAcross * (TTile.Rows / 16), at = row * SumPitch + Group.IdxX % ThreadsAcross;
        memory[at] = sums.A;
        if (TTile.Rows == 16) return;
        memory[at + SumPitch] = sums.B;
        memory[at + 2 * SumPitch] = sums.C;
        memory[at + 3 * SumPitch] = sums.D;
    }
}
