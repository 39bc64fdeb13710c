using ILGPU;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// y = W x for one row of x: reading W takes all the time. A group has four rows of W, from one matrix or two. Its threads divide the row
/// length, so that each thread loads a chunk of each of the four rows and one of x at a time. Grid: fours of rows, rows of x.
/// </summary>
internal static class RowProduct<TCore, TFormat>
    where TCore : struct, ICore
    where TFormat : struct, INumberFormat
{
    /// <summary>Rows of W per group.</summary>
    public const int GroupRows = 4;

    private const int Threads = 128;

    /// <summary>y[t, o] = act(x[t] . W[o] + bias[o]) + residual[t, o].</summary>
    public static readonly Kernel<RowArgs> Linear = new($"row product, {typeof(TFormat).Name}", LinearRows, Threads);

    /// <summary>y[t, o] = gelu_tanh(x[t] . Wg[o]) (x[t] . Wu[o]).</summary>
    public static readonly Kernel<GatedRowArgs> Gated = new($"gated row product, {typeof(TFormat).Name}", GatedRows, Threads);

    /// <summary>Three products of the same x.</summary>
    public static readonly Kernel<ThreeRowsArgs> Three = new($"three row products, {typeof(TFormat).Name}", ThreeRows, Threads);

    private static void LinearRows(RowArgs g)
    {
        int first = Grid.IdxX * GroupRows;
        F4 sums = TCore.Sum(Dots(g.X, g.W, g.W, Chunk(g.W, first), Chunk(g.W, first + 1), Chunk(g.W, first + 2), Chunk(g.W, first + 3)));
        if (Group.IdxX < GroupRows) g.Epilogue.Finish(Grid.IdxY, first + Group.IdxX, sums.At(Group.IdxX));
    }

    private static void GatedRows(GatedRowArgs g)
    {
        int first = Grid.IdxX * 2;
        long a = Chunk(g.Gate, first), b = Chunk(g.Gate, first + 1);
        F4 sums = TCore.Sum(Dots(g.X, g.Gate, g.Up, a, b, a, b));
        if (Group.IdxX >= 2) return;
        float gate = sums.At(Group.IdxX), up = sums.At(Group.IdxX + 2);
        g.Epilogue.Finish(Grid.IdxY, first + Group.IdxX, Functions.GeluTanh(gate) * up);
    }

    private static void ThreeRows(ThreeRowsArgs g)
    {
        int group = Grid.IdxX, groupsOfA = (g.A.Rows + GroupRows - 1) / GroupRows, groupsOfB = (g.B.Rows + GroupRows - 1) / GroupRows;
        Operand w = g.A;
        Epilogue epilogue = g.OfA;
        if (group >= groupsOfA + groupsOfB)
        {
            w = g.C;
            epilogue = g.OfC;
            group -= groupsOfA + groupsOfB;
        }
        else if (group >= groupsOfA)
        {
            w = g.B;
            epilogue = g.OfB;
            group -= groupsOfA;
        }

        int first = group * GroupRows;
        F4 sums = TCore.Sum(Dots(g.X, w, w, Chunk(w, first), Chunk(w, first + 1), Chunk(w, first + 2), Chunk(w, first + 3)));
        if (Group.IdxX < GroupRows) epilogue.Finish(Grid.IdxY, first + Group.IdxX, sums.At(Group.IdxX));
    }

    /// <summary>
    /// This thread's share of four inner products: x with two rows of p and two rows of q, which begin at these chunks.
    /// </summary>
    private static F4 Dots(in Operand x, in Operand p, in Operand q, long p0, long p1, long q0, long q1)
    {
        long rowOfX = (long)Grid.IdxY * x.RowChunks;
        F4 sums = default;
        for (int c = Group.IdxX; c < p.RowChunks; c += Threads)
        {
            U8 a = TFormat.Load(p, p0 + c), b = TFormat.Load(p, p1 + c), d = TFormat.Load(q, q0 + c), e = TFormat.Load(q, q1 + c);
            long at = rowOfX + c * TFormat.ChunkEights;
            F4 dots = Dot(p, q, a, b, d, e, 0, X(x, at));
            if (TFormat.ChunkEights > 1) dots = dots.Plus(Dot(p, q, a, b, d, e, 1, X(x, at + 1)));
            if (TFormat.ChunkEights > 2) dots = dots.Plus(Dot(p, q, a, b, d, e, 2, X(x, at + 2)));
            if (TFormat.ChunkEights > 2) dots = dots.Plus(Dot(p, q, a, b, d, e, 3, X(x, at + 3)));
            sums.X += dots.X * TFormat.Scale(p, p0 + c);
            sums.Y += dots.Y * TFormat.Scale(p, p1 + c);
            sums.Z += dots.Z * TFormat.Scale(q, q0 + c);
            sums.W += dots.W * TFormat.Scale(q, q1 + c);
        }

        return sums;
    }

    private static F8 X(in Operand x, long chunk) => ActivationFormat<TCore>.Eight(x, ActivationFormat<TCore>.Load(x, chunk), 0);

    /// <summary>The inner products of one eight of x with that of each of the four rows.</summary>
    private static F4 Dot(in Operand p, in Operand q, U8 a, U8 b, U8 d, U8 e, int place, F8 x) => new()
    {
        X = TFormat.Eight(p, a, place).Dot(x),
        Y = TFormat.Eight(p, b, place).Dot(x),
        Z = TFormat.Eight(q, d, place).Dot(x),
        W = TFormat.Eight(q, e, place).Dot(x),
    };

    /// <summary>The first chunk of a row. Past the last row, the last row is used, and its result is discarded.</summary>
    private static long Chunk(in Operand w, int row) => w.RowStart(IntrinsicMath.Min(row, w.Rows - 1));
}

/// <summary>Arguments of a linear layer for few rows.</summary>
internal struct RowArgs
{
    public Operand X, W; // [T, in], [out, in]
    public Epilogue Epilogue;
}

/// <summary>Arguments of a gated linear layer for few rows.</summary>
internal struct GatedRowArgs
{
    public Operand X, Gate, Up; // [T, in], [out, in] twice
    public Epilogue Epilogue;
}

/// <summary>Arguments of three linear layers for few rows.</summary>
internal struct ThreeRowsArgs
{
    public Operand X, A, B, C; // [T, in], [out of each, in]
    public Epilogue OfA, OfB, OfC;
}
