using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<CrossEntropy>
{
    private static readonly Kernel<CrossEntropyPartArgs> CrossEntropyPartKernel = new("CrossEntropy.Part", CrossEntropyPart, RowThreads);
    private static readonly Kernel<CrossEntropyArgs> CrossEntropyKernel = new("CrossEntropy", CrossEntropyRow, ElementThreads);

    /// <summary>
    /// loss = l - (1 - s) z_target - s/V sum_v z_v, l = log sum_v exp(z_v). Scores are computed for some tokens at a time. For each part of
    /// them, three numbers are kept: the largest, the sum of exp(z - largest), and the sum.
    /// </summary>
    public Matrix Run(in CrossEntropy op, MatrixShape shape)
    {
        using Matrix x = products.Prepare(op.X); // [n, h]
        DeviceWeight head = op.Weight.OnDevice();
        int parts = TokenChunk.Parts(head.Rows);
        using Matrix statistics = context.Allocate(3 * shape.Rows, parts), wanted = context.Allocate(1, shape.Rows); // z of the targets
        Matrix y = Allocate(shape); // [n, 2]
        foreach (TokenChunk chunk in TokenChunk.All(head.Rows))
        {
            using Matrix z = Scores(x, head, chunk); // [n, tokens]
            Launch(CrossEntropyPartKernel, new LaunchGrid(TokenChunk.Parts(chunk.Count), shape.Rows), new CrossEntropyPartArgs
            {
                Z = z.Floats(),
                Targets = op.Targets.Integers(),
                Statistics = statistics.Floats(),
                Wanted = wanted.Floats(),
                First = chunk.First,
                Columns = chunk.Count,
                FirstPart = TokenChunk.Parts(chunk.First),
                Parts = parts,
                Cap = op.Cap,
            });
        }

        Launch(CrossEntropyKernel, Elements(shape.Rows), new CrossEntropyArgs
        {
            Statistics = statistics.Floats(),
            Wanted = wanted.Floats(),
            Y = y.Floats(),
            Parts = parts,
            Vocabulary = head.Rows,
            Smoothing = op.Smoothing,
        });
        return y;
    }

    /// <summary>x . W[v] of a chunk's tokens, not yet capped.</summary>
    private Matrix Scores(Matrix x, DeviceWeight head, TokenChunk chunk)
    {
        Matrix z = context.Allocate(x.Rows, chunk.Count); // [n, tokens]
        products.Multiply(x, head, Operand.Of(head, chunk.First, chunk.Count), Plain(z));
        return z;
    }

    /// <summary>A group has a part of a row. The scores are capped in place.</summary>
    private static void CrossEntropyPart(CrossEntropyPartArgs g)
    {
        int first = Grid.IdxX * TokenChunk.PartTokens, end = IntrinsicMath.Min(first + TokenChunk.PartTokens, g.Columns);
        int target = g.Targets[Grid.IdxY] - g.First;
        long row = (long)Grid.IdxY * g.Columns;
        float largest = float.NegativeInfinity;
        F4 sums = default; // of exp(z - largest), of z
        for (int i = first + Group.IdxX; i < end; i += RowThreads)
        {
            float z = Functions.Capped(g.Z[row + i], g.Cap);
            g.Z[row + i] = z;
            largest = IntrinsicMath.Max(largest, z);
            sums.Y += z;
            if (i == target) g.Wanted[Grid.IdxY] = z;
        }

        largest = TCore.Max(largest);
        for (int i = first + Group.IdxX; i < end; i += RowThreads) sums.X += Functions.Exp(g.Z[row + i] - largest);
        sums = TCore.Sum(sums);
        if (Group.IdxX != 0) return;
        long at = 3 * ((long)Grid.IdxY * g.Parts + g.FirstPart + Grid.IdxX);
        g.Statistics[at] = largest;
        g.Statistics[at + 1] = sums.X;
        g.Statistics[at + 2] = sums.Y;
    }

    /// <summary>A thread joins the parts of a row.</summary>
    private static void CrossEntropyRow(CrossEntropyArgs g)
    {
        long row = ElementIndex, at = 3 * row * g.Parts;
        if (row >= g.Wanted.Length) return;
        float largest = float.NegativeInfinity, sum = 0, total = 0;
        for (int p = 0; p < g.Parts; p++) largest = IntrinsicMath.Max(largest, g.Statistics[at + 3 * p]);
        for (int p = 0; p < g.Parts; p++)
        {
            sum += g.Statistics[at + 3 * p + 1] * Functions.Exp(g.Statistics[at + 3 * p] - largest);
            total += g.Statistics[at + 3 * p + 2];
        }

        float l = largest + Functions.Log(sum);
        g.Y[2 * row] = l - (1 - g.Smoothing) * g.Wanted[row] - g.Smoothing * (total / g.Vocabulary);
        g.Y[2 * row + 1] = l;
    }

    internal struct CrossEntropyPartArgs
    {
        public ArrayView<float> Z, Statistics, Wanted; // [n, tokens], [n, parts, 3], [n]
        public ArrayView<int> Targets; // [n]
        public int First, Columns, FirstPart, Parts; // the chunk's first token, tokens and first part; the vocabulary's parts
        public float Cap;
    }

    internal struct CrossEntropyArgs
    {
        public ArrayView<float> Statistics, Wanted, Y; // [n, parts, 3], [n], [n, 2]
        public int Parts, Vocabulary;
        public float Smoothing;
    }
}

/// <summary>Adjacent tokens of the vocabulary whose scores exist at the same time: about a thirtieth of 257,216.</summary>
/// <param name="First">The first token.</param>
/// <param name="Count">The number of tokens.</param>
internal readonly record struct TokenChunk(int First, int Count)
{
    /// <summary>Tokens of a part, which one group has. A chunk is a whole number of parts.</summary>
    public const int PartTokens = 2048;

    private const int Most = 4 * PartTokens;

    /// <summary>All chunks of a vocabulary, in order.</summary>
    public static IEnumerable<TokenChunk> All(int vocabulary)
    {
        for (int first = 0; first < vocabulary; first += Most) yield return new TokenChunk(first, Math.Min(Most, vocabulary - first));
    }

    /// <summary>The number of parts for a number of tokens.</summary>
    public static int Parts(int tokens) => (tokens + PartTokens - 1) / PartTokens;
}
