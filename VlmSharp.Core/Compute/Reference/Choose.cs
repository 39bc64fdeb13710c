using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Choose>
{
    private TokenSampler? sampler;
    private float[] logProbabilities = []; // [V]

    /// <summary>The largest logit, or a sample; the log-probability comes from log-softmax.</summary>
    public void Run(in Choose op, HostMatrix y)
    {
        HostMatrix logits = op.Logits.OnHost();
        if (logProbabilities.Length != logits.Columns) logProbabilities = new float[logits.Columns];
        for (int i = 0; i < y.Rows; i++)
        {
            if (op.Rules[i].IsSkipped) continue;
            LogSoftmaxRow(logits.Row(i), logProbabilities);
            Sampler(logits.Columns).Choose(logits.Row(i), logProbabilities, op.Rules[i], op.NumberOf(i), y.Row(i));
        }
    }

    private TokenSampler Sampler(int vocabulary) => sampler?.Vocabulary == vocabulary ? sampler : sampler = new TokenSampler(vocabulary);
}
