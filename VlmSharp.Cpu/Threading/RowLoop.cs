using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu.Threading;

/// <summary>An operator that treats each row by itself.</summary>
internal interface IRowKernel
{
    /// <summary>Computes one row of the result.</summary>
    void Row(int row, int worker);
}

/// <summary>Divides rows among the threads if there is enough work: starting a job costs some microseconds.</summary>
internal static class RowLoop
{
    private const long ItemElements = 1 << 14, WorthSharing = 4 * ItemElements;

    /// <summary>Runs a row operator over all rows.</summary>
    /// <param name="team">Shares the rows if they are enough work; the caller's thread takes part.</param>
    /// <param name="kernel">Computes a range of rows, on any thread.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row, as a measure of its work.</param>
    public static void Run<TKernel>(ThreadTeam team, in TKernel kernel, int rows, int columns) where TKernel : struct, IRowKernel
    {
        bool share = (long)rows * columns >= WorthSharing;
        int itemRows = share ? (int)Math.Max(1, ItemElements / columns) : Math.Max(rows, 1);
        team.Run(new Job<TKernel> { Kernel = kernel, Rows = rows, ItemRows = itemRows }, (rows + itemRows - 1) / itemRows);
    }

    private struct Job<TKernel> : IJob where TKernel : struct, IRowKernel
    {
        public TKernel Kernel;
        public int Rows, ItemRows;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public readonly void Execute(int item, int worker)
        {
            int end = Math.Min(Rows, (item + 1) * ItemRows);
            for (int row = item * ItemRows; row < end; row++) Kernel.Row(row, worker);
        }
    }
}
