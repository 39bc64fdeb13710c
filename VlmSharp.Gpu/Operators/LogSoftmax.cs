using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Sampling;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LogSoftmax>
{
    private static readonly Kernel<RowStatisticsArgs> RowStatisticsKernel = new("RowStatistics", RowStatisticsPart, RowStatistics.Threads);
    private static readonly Kernel<LogSoftmaxArgs> LogSoftmaxKernel = new("LogSoftmax", LogSoftmaxPart, RowStatistics.Threads);

    /// <summary>y = x - max(x) - log(sum(exp(x - max(x)))): two passes, each with several groups per row.</summary>
    public Matrix Run(in LogSoftmax op, MatrixShape shape)
    {
        Matrix y = Allocate(shape); // [T, V]
        using Matrix memory = Statistics(op.X, out RowStatistics statistics);
        Launch(LogSoftmaxKernel, new LaunchGrid(statistics.Parts, shape.Rows), new LogSoftmaxArgs
        {
            X = op.X.Floats(),
            Y = y.Floats(),
            Statistics = statistics,
            Columns = shape.Columns,
        });
        return y;
    }

    /// <summary>The statistics of each row of x.</summary>
    /// <returns>Their memory, which the caller disposes of.</returns>
    private Matrix Statistics(Matrix x, out RowStatistics statistics)
    {
        int parts = RowStatistics.PartsOf(x.Columns);
        Matrix memory = context.Allocate(3 * x.Rows, parts); // largest, places, sums
        ArrayView<float> words = memory.Floats();
        long length = (long)x.Rows * parts;
        statistics = new RowStatistics
        {
            Largest = words.SubView(0, length),
            Places = words.Cast<int>().SubView(length, length),
            Sums = words.SubView(2 * length, length),
            Parts = parts,
        };
        var args = new RowStatisticsArgs { X = x.Floats(), Statistics = statistics, Columns = x.Columns };
        Launch(RowStatisticsKernel, new LaunchGrid(parts, x.Rows), args);
        return memory;
    }

    private static void RowStatisticsPart(RowStatisticsArgs g) => g.Statistics.WritePart<TCore>(g.X, g.Columns);

    /// <summary>A group has a part of a row; each of its threads joins the row's parts.</summary>
    private static void LogSoftmaxPart(LogSoftmaxArgs g)
    {
        float largest = g.Statistics.LargestOf(Grid.IdxY), logOfSum = g.Statistics.LogOfSum(Grid.IdxY, largest);
        int count = (g.Columns + g.Statistics.Parts - 1) / g.Statistics.Parts;
        int first = Grid.IdxX * count, end = IntrinsicMath.Min(g.Columns, first + count);
        long row = (long)Grid.IdxY * g.Columns;
        for (int i = first + Group.IdxX; i < end; i += RowStatistics.Threads) g.Y[row + i] = g.X[row + i] - largest - logOfSum;
    }

    internal struct RowStatisticsArgs
    {
        public ArrayView<float> X; // [T, V]
        public RowStatistics Statistics;
        public int Columns;
    }

    internal struct LogSoftmaxArgs
    {
        public ArrayView<float> X, Y; // [T, V]
        public RowStatistics Statistics;
        public int Columns;
    }
}
