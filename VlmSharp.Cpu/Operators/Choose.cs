using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Choose>
{
    private TokenSampler?[] samplers = [];

    /// <summary>
    /// The largest logit, or a random draw. Its log-probability is x[id] - max(x) - log(sum(exp(x - max(x)))); only the sum reads the
    /// whole row. The log-softmax is not stored unless candidates are requested.
    /// </summary>
    public void Run(in Choose op, HostMatrix y)
    {
        if (samplers.Length == 0) samplers = new TokenSampler?[context.Team.Count];
        HostMatrix logits = op.Logits.OnHost();
        var rows = new ChooseRows { Op = op, Logits = logits, Y = y, Samplers = samplers };
        RowLoop.Run(context.Team, rows, y.Rows, logits.Columns);
    }

    private struct ChooseRows : IRowKernel
    {
        public Choose Op;
        public HostMatrix Logits, Y;
        public TokenSampler?[] Samplers; // one for each thread: they have scratch memory

        public readonly void Row(int row, int worker)
        {
            TokenRule rule = Op.Rules[row];
            if (rule.IsSkipped) return;
            int count = Logits.Columns;
            float* x = Logits.RowPointer(row);
            (int id, float largest) = ArgMax.Run<V>(x, count);
            if (rule.IsSampling) id = Sampler(worker).Draw(Logits.Row(row), rule, Op.NumberOf(row));
            ChoiceWords.Write(Y.Row(row), id, x[id] - largest - LogOfSum(x, largest, count));
            if (rule.Candidates > 0) WriteLikeliest(row, Sampler(worker));
        }

        private readonly void WriteLikeliest(int row, TokenSampler sampler)
        {
            fixed (float* logProbabilities = sampler.Scratch) // [V]
                LogSoftmaxRow(Logits.RowPointer(row), logProbabilities, Logits.Columns);
            ChoiceWords.Write(Y.Row(row), sampler.Likeliest(sampler.Scratch, Op.Rules.Candidates));
        }

        private readonly TokenSampler Sampler(int worker) =>
            Samplers[worker] is { } kept && kept.Vocabulary == Logits.Columns ? kept : Samplers[worker] = new TokenSampler(Logits.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LogOfSum(float* x, float largest, int count) =>
        MathF.Log(RowMath.SumOf<V, ExpMap<V>>(new() { Largest = V.Broadcast(largest) }, x, count));
}
