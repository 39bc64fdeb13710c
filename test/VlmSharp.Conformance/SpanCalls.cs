using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Operator calls for tests, with batches that are not prepared and row numbers that are not uploaded.</summary>
public static class SpanCalls
{
    public static Matrix RotaryAngles(this IComputeBackend b, SequenceBatch batch, int headDim, float frequencyBase, int positionBase) =>
        b.RotaryAngles(b.Prepare(batch), headDim, frequencyBase, positionBase);

    public static void AppendKeyValues(this IComputeBackend b, Matrix k, Matrix v, SequenceBatch batch, int layer) =>
        b.AppendKeyValues(k, v, b.Prepare(batch), layer);

    public static Matrix Attention(this IComputeBackend b, Matrix q, Matrix k, Matrix v, SequenceBatch batch, in AttentionSpec spec) =>
        b.Attention(q, k, v, b.Prepare(batch), spec);

    public static Matrix CachedAttention(this IComputeBackend b, Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec) =>
        b.CachedAttention(q, b.Prepare(batch), layer, spec);

    public static Matrix AttentionWeights(
        this IComputeBackend b, Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec, ReadOnlySpan<int> rows)
    {
        using Indices places = b.Upload(rows);
        return b.AttentionWeights(q, b.Prepare(batch), layer, spec, places);
    }

    public static Matrix Embed(this IComputeBackend b, Weight table, ReadOnlySpan<int> ids, float scale)
    {
        using Indices tokens = b.Upload(ids);
        return b.Embed(table, tokens, scale);
    }

    public static Matrix LinearRows(this IComputeBackend b, Matrix x, Weight weight, ReadOnlySpan<int> rows)
    {
        using Indices places = b.Upload(rows);
        return b.LinearRows(x, weight, places);
    }

    public static Matrix SelectRows(this IComputeBackend b, Matrix x, ReadOnlySpan<int> rows)
    {
        using Indices places = b.Upload(rows);
        return b.SelectRows(x, places);
    }

    public static Matrix ReplaceRows(this IComputeBackend b, Matrix x, Matrix rows, ReadOnlySpan<int> targets)
    {
        using Indices places = b.Upload(targets);
        return b.ReplaceRows(x, rows, places);
    }

    /// <summary>Greedy choices of scores [n, V]: ids, and log-probabilities.</summary>
    public static (int[] Ids, float[] LogProbabilities) ChooseGreedily(this IComputeBackend b, Matrix scores)
    {
        var batch = new SequenceBatch();
        for (int i = 0; i < scores.Rows; i++) batch.Add(1, 0);
        using Matrix chosen = b.Choose(scores, b.Prepare(batch), new ChoiceRules(new TokenRule[scores.Rows]));
        float[] words = new float[chosen.Length];
        b.Download(chosen, words);
        int[] ids = new int[scores.Rows];
        float[] logProbabilities = new float[scores.Rows];
        for (int i = 0; i < ids.Length; i++)
        {
            var token = new ChosenToken(words.AsSpan(i * chosen.Columns, chosen.Columns));
            (ids[i], logProbabilities[i]) = (token.Id, token.LogProbability);
        }

        return (ids, logProbabilities);
    }
}
