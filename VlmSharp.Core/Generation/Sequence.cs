using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>One prompt on its way: its tokens so far and its cache, which it owns.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly int index;
    private readonly int[] tokens;
    private readonly float[] logProbabilities;
    private int count;

    public Sequence(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options)
    {
        this.index = index;
        Prompt = prompt;
        Limit = prompt.LimitNewTokens(options.MaxNewTokens, model.Config.Text);
        tokens = new int[Limit];
        logProbabilities = new float[Limit];
    }

    public PreparedPrompt Prompt { get; }

    public FinishReason Finish { get; private set; }

    public KvCache? Cache { get; set; }

    /// <summary>New tokens, at the most.</summary>
    public int Limit { get; }

    /// <summary>Tokens whose keys and values are ever needed: the last new token's are not.</summary>
    public int Capacity => Prompt.Ids.Length + Limit - 1;

    public int LastToken => tokens[count - 1];

    /// <summary>Takes the next token, and frees the cache when it was the last.</summary>
    public GeneratedToken Append(int id, float logProbability, ImmutableArray<int> endOfSequence, GenerationOptions options)
    {
        tokens[count] = id;
        logProbabilities[count++] = logProbability;
        if (!options.IgnoreEndOfSequence && endOfSequence.Contains(id)) Finish = FinishReason.Stop;
        else if (count == Limit) Finish = FinishReason.Length;
        if (Finish != FinishReason.None) Dispose();
        return new GeneratedToken(index, id, logProbability, Finish);
    }

    public GenerationResult ToResult(Func<int[], string>? decodeText)
    {
        int[] ids = tokens[..count];
        return new GenerationResult(ids, logProbabilities[..count], decodeText?.Invoke(ids), Finish, Prompt.Ids.Length);
    }

    public void Dispose()
    {
        Cache?.Dispose();
        Cache = null;
    }
}
