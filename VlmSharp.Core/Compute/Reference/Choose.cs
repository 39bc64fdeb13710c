using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Choose>
{
    private TokenSampler? sampler;
    private float[] logProbabilities = []; // [V]

    /// <summary>The largest logit, or a draw; the log-probability is that of log-softmax.</summary>
    public void Run(in Choose op, HostMatrix y)
    {
        HostMatrix logits = op.Logits.OnHost();
        if (logProbabilities.Length != logits.Columns) logProbabilities = new float[logits.Columns];
        for (int i = 0; i < y.Rows; i++)
        {
            TokenRule rule = op.Rules[i];
            if (rule.IsSkipped) continue;
            LogSoftmaxRow(logits.Row(i), logProbabilities);
            int id = rule.IsSampling ? Sampler(logits.Columns).Draw(logits.Row(i), rule, op.NumberOf(i)) : TokenSampler.Largest(logits.Row(i));
            ChoiceWords.Write(y.Row(i), id, logProbabilities[id]);
            if (rule.Candidates > 0)
                ChoiceWords.Write(y.Row(i), Sampler(logits.Columns).Likeliest(logProbabilities, op.Rules.Candidates));
        }
    }

    private TokenSampler Sampler(int vocabulary) => sampler?.Vocabulary == vocabulary ? sampler : sampler = new TokenSampler(vocabulary);
}
