using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

/// <summary>
/// The operators on registers of type <typeparamref name="V"/>, one file each. The width is chosen once, when a backend is created;
/// all code below is compiled for it.
/// </summary>
/// <param name="context">Threads and scratch memory.</param>
internal sealed unsafe partial class CpuOperators<V>(CpuContext context) where V : struct, ISimd<V>
{
    // A row may be as long as the vocabulary, so the threads take pieces of rows.
    private const int PieceLength = 1 << 13;

    /// <summary>
    /// y = f(a, b, c), element by element, over matrices of one shape; an argument that f does not use may be any matrix.
    /// </summary>
    private void Map<TMap>(TMap map, HostMatrix a, HostMatrix b, HostMatrix c, HostMatrix y) where TMap : struct, IMap<V>
    {
        long length = (long)y.Rows * y.Columns;
        var pieces = new MapPieces<TMap> { Map = map, A = a.Data, B = b.Data, C = c.Data, Y = y.Data, Length = length };
        RowLoop.Run(context.Team, pieces, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    private struct MapPieces<TMap> : IRowKernel where TMap : struct, IMap<V>
    {
        public TMap Map;
        public float* A, B, C, Y;
        public long Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            long first = (long)row * PieceLength;
            RowMath.Map<V, TMap>(Map, A + first, B + first, C + first, Y + first, (int)Math.Min(PieceLength, Length - first));
        }
    }
}
