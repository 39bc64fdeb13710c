using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Sampling;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Choose>
{
    private static readonly Kernel<ChooseArgs>
        TopKKernel = new("Choose.TopK", TopKRow, RowSampler.Threads),
        TopPKernel = new("Choose.TopP", TopPRow, RowSampler.Threads),
        DrawKernel = new("Choose.Draw", DrawRow, RowSampler.Threads);
    private static readonly Kernel<ChooseArgs> ChooseKernel = new("Choose", ChooseRow, RowStatistics.Threads);

    /// <summary>
    /// Chooses the largest logit, or draws; then adds its log-probability and, if requested, the likeliest tokens.
    /// </summary>
    public Matrix Run(in Choose op, MatrixShape shape)
    {
        ChoiceRules rules = op.Rules;
        bool draws = false, sorts = false;
        for (int i = 0; i < rules.Count; i++)
        {
            draws |= rules[i].IsSampling && !rules[i].IsSkipped;
            sorts |= rules[i].IsSampling && rules[i].TopP is < 1;
        }

        Matrix y = Allocate(shape); // [B, 2 + 2 N]
        using Matrix memory = Statistics(op.Logits, out RowStatistics statistics);
        using Matrix bounds = draws ? context.Allocate(shape.Rows, RowSampler.BoundWords) : default;
        using Matrix scratch = sorts ? context.Allocate(op.Logits.Rows, op.Logits.Columns) : default;
        var args = new ChooseArgs
        {
            Sampler = new RowSampler
            {
                Logits = op.Logits.Floats(),
                Statistics = statistics,
                Bounds = draws ? bounds.Floats().Cast<int>() : default,
                Scratch = sorts ? scratch.Floats().Cast<int>() : default,
                Columns = op.Logits.Columns,
                Rules = new DeviceRules { Words = context.Rules.Get(rules) },
            },
            Sequences = op.Step.OnDevice().Sequences,
            Y = y.Floats(),
            Candidates = rules.Candidates,
        };
        var rows = new LaunchGrid(shape.Rows);
        if (draws) Launch(TopKKernel, rows, args);
        if (sorts) Launch(TopPKernel, rows, args);
        if (draws) Launch(DrawKernel, rows, args);
        Launch(ChooseKernel, rows, args);
        context.BeginRead(y); // the tokens are all that the host needs of a step
        return y;
    }

    private static void TopKRow(ChooseArgs g) => g.Sampler.BoundByTopK(Grid.IdxX);

    private static void TopPRow(ChooseArgs g)
    {
        if (g.Sampler.Rules.HasTopP(Grid.IdxX)) g.Sampler.BoundByTopP(Grid.IdxX);
    }

    /// <summary>A group draws one row's token.</summary>
    private static void DrawRow(ChooseArgs g)
    {
        int row = Grid.IdxX, sequence = row * DeviceStepTable.Fields;
        int id = g.Sampler.Draw(row, g.Sequences[sequence + DeviceStepTable.Past] + g.Sequences[sequence + DeviceStepTable.RowCount]);
        if (Group.IdxX == 0) g.Words[(long)row * g.Width] = id; // overwritten if the rule does not sample
    }

    /// <summary>A group writes one row: the id if it was not drawn, its log-probability, the likeliest tokens.</summary>
    private static void ChooseRow(ChooseArgs g)
    {
        int row = Grid.IdxX;
        if (g.Sampler.Rules.IsSkipped(row)) return;
        long logits = (long)row * g.Sampler.Columns, y = (long)row * g.Width;
        float largest = g.Sampler.Statistics.LargestOf(row), logOfSum = g.Sampler.Statistics.LogOfSum(row, largest);
        if (Group.IdxX == 0)
        {
            int id = g.Sampler.Rules.IsSampling(row) ? g.Words[y] : g.Sampler.Statistics.PlaceOf(row);
            g.Words[y] = id;
            g.Y[y + 1] = Functions.NumberOrLowest(g.Sampler.Logits[logits + id] - largest - logOfSum);
        }

        if (g.Sampler.Rules.Candidates(row) == 0) return;
        float last = float.PositiveInfinity; // the last one found; the next is less likely, or as likely with a higher id
        int lastId = -1;
        for (int n = 0; n < g.Candidates; n++)
        {
            float best = float.NegativeInfinity;
            int id = int.MaxValue;
            for (int i = Group.IdxX; i < g.Sampler.Columns; i += RowStatistics.Threads)
            {
                float p = Functions.NumberOrLowest(g.Sampler.Logits[logits + i] - largest - logOfSum);
                if ((p < last || (p == last && i > lastId)) && p > best) (best, id) = (p, i);
            }

            GroupSearch.Largest(ref best, ref id);
            if (Group.IdxX == 0)
            {
                g.Words[y + 2 + n] = id == int.MaxValue ? -1 : id;
                g.Y[y + 2 + g.Candidates + n] = best;
            }

            (last, lastId) = (best, id);
        }
    }

    internal struct ChooseArgs
    {
        public RowSampler Sampler; // logits [B, V] and rules
        public ArrayView<int> Sequences; // [B, 8]
        public ArrayView<float> Y; // [B, 2 + 2 N]
        public int Candidates; // N

        public readonly int Width => 2 + 2 * Candidates;

        /// <summary>The result as integers: ids are stored in place of floats.</summary>
        public readonly ArrayView<int> Words => Y.Cast<int>();
    }
}
