using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

/// <summary>Embedding lookup: y[t] = scale * table[ids[t]], widened from the table's storage format.</summary>
internal static unsafe class Embed
{
    public static void Run<V>(CpuContext context, HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) where V : struct, ISimd<V>
    {
        switch (table.DType)
        {
            case DType.F32: Run<V, F32Format>(context, table, ids, scale, y); break;
            case DType.BF16: Run<V, BF16Format>(context, table, ids, scale, y); break;
            case DType.F16: Run<V, F16Format>(context, table, ids, scale, y); break;
            default: throw new NotSupportedException($"Table {table}: the CPU backend cannot read this storage format.");
        }
        GC.KeepAlive(table);
    }

    private static void Run<V, W>(CpuContext context, HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y)
        where V : struct, ISimd<V> where W : struct, IWeightFormat
    {
        fixed (int* places = ids)
            RowLoop.Run(context.Team, new Kernel<V, W> { Table = table.Data, Ids = places, Scale = scale, Y = y }, y.Rows, y.Columns);
    }

    private struct Kernel<V, W> : IRowKernel where V : struct, ISimd<V> where W : struct, IWeightFormat
    {
        public byte* Table;
        public int* Ids;
        public float Scale;
        public HostMatrix Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int count = Y.Columns, j = 0;
            byte* source = Table + (nint)Ids[row] * count * W.Size;
            float* to = Y.RowPointer(row);
            V factor = V.Broadcast(Scale);
            for (; j + V.Count <= count; j += V.Count) V.Store(to + j, W.Load<V>(source + (nint)j * W.Size) * factor);
            for (; j < count; j++) to[j] = W.Load(source + (nint)j * W.Size) * Scale;
        }
    }
}
