using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>One request on its way from prompt to answer; owns its caches. A session steps any number of them together.</summary>
internal abstract class Decoding : IDisposable
{
    protected Decoding(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options)
    {
        Index = index;
        Prompt = prompt;
        Limit = prompt.LimitNewTokens(options.MaxNewTokens, model.Config.Text);
    }

    /// <summary>Which request of its session.</summary>
    public int Index { get; }

    public PreparedPrompt Prompt { get; }

    public FinishReason Finish { get; protected set; }

    /// <summary>New tokens, at the most.</summary>
    public int Limit { get; }

    /// <summary>Tokens whose keys and values are ever needed: the last new token's are not.</summary>
    public int Capacity => Prompt.Ids.Length + Limit - 1;

    /// <summary>Rows of its next decode step.</summary>
    public abstract int Rows { get; }

    /// <summary>Takes the cache that the prompt's prefill fills.</summary>
    /// <param name="cache">An empty cache of <see cref="Capacity"/>.</param>
    public abstract void Own(KvCache cache);

    /// <summary>Puts its rows into a decode step.</summary>
    /// <param name="ids">[Rows]: receives the tokens.</param>
    /// <param name="batch">The step.</param>
    public abstract void AddRows(Span<int> ids, SequenceBatch batch);

    /// <summary>Says which tokens may be the next of each of its rows.</summary>
    /// <param name="needed">Receives them.</param>
    public abstract void AddHeadRows(HeadRows needed);

    /// <summary>Goes on by the step's scores.</summary>
    /// <param name="chooser">Has the scores.</param>
    /// <param name="row">Its first row.</param>
    /// <param name="produced">Receives what is certain now.</param>
    public abstract void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced);

    /// <summary>What it has produced so far.</summary>
    public abstract GenerationResult ToResult();

    public abstract void Dispose();
}
