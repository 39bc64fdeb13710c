using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>A request answered by one token after the other: the likeliest, or one that is drawn.</summary>
internal sealed class Sequence : Decoding
{
    private readonly StopRule stop;
    private readonly StopText? stopText;
    private readonly long? seed;
    private readonly int[] history; // prompt, then new tokens
    private readonly float[] logProbabilities;
    private readonly TokenCandidate[][]? top;
    private KvCache? cache;
    private int count;

    public Sequence(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options, StopRule stop) : base(index, prompt, model, options)
    {
        this.stop = stop;
        stopText = stop.Watch();
        history = new int[prompt.Ids.Length + Limit];
        prompt.Ids.CopyTo(history, 0);
        logProbabilities = new float[Limit];
        if (options.LogProbabilities > 0) top = new TokenCandidate[Limit][];
        if (options.IsSampling) seed = prompt.Seed ?? options.Seed ?? Random.Shared.Next(); // short: it is shown
    }

    public override int Rows => 1;

    private ReadOnlySpan<int> History => history.AsSpan(0, Prompt.Ids.Length + count);

    private ReadOnlySpan<int> NewTokens => history.AsSpan(Prompt.Ids.Length, count);

    public override void Own(KvCache cache) => this.cache = cache;

    public override void AddRows(Span<int> ids, SequenceBatch batch)
    {
        ids[0] = history[Prompt.Ids.Length + count - 1];
        batch.Add(1, Prompt.Ids.Length, cache!);
    }

    public override void AddHeadRows(HeadRows needed) => needed.Add(Prompt, History);

    public override void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced)
    {
        TokenCandidate token = chooser.Choose(row, History, Prompt, seed ?? 0);
        if (top is not null) top[count] = chooser.Top()!;
        produced.Add(Append(token.Id, token.LogProbability));
    }

    /// <summary>Takes the next token, and frees the cache when it was the last.</summary>
    /// <param name="id">The token.</param>
    /// <param name="logProbability">Its log-probability.</param>
    /// <returns>The token as the session's caller sees it.</returns>
    public GeneratedToken Append(int id, float logProbability)
    {
        history[Prompt.Ids.Length + count] = id;
        logProbabilities[count++] = logProbability;
        stopText?.Append(id);
        if (stop.Ends(id) || stopText is { IsStopped: true }) Finish = FinishReason.Stop;
        else if (count == Limit) Finish = FinishReason.Length;
        if (Finish != FinishReason.None) Dispose();
        return new GeneratedToken(Index, id, logProbability, Finish);
    }

    public override GenerationResult ToResult() =>
        new(NewTokens.ToArray(), logProbabilities[..count], stop.Text(NewTokens), Finish, Prompt.Ids.Length)
        {
            TopLogProbabilities = top?[..count],
            Seed = seed,
        };

    public override void Dispose()
    {
        cache?.Dispose();
        cache = null;
    }
}
