using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation.Processors;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>Answers a request token by token: each is the most likely one, or drawn.</summary>
internal sealed class Sequence : Decoding
{
    private readonly StopText? text;
    private readonly int[] history; // prompt, then new tokens
    private readonly float[] logProbabilities;
    private readonly TokenCandidate[][]? top;
    private readonly List<StepNote>? notes; // one for each new token
    private KvCache? cache;
    private Matrix chosenIn; // the choice with the last token
    private int count, choiceRow;
    private int ahead; // number of tokens that the backend was told to choose and the host has not read yet

    public Sequence(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options, StopRule stop)
        : base(index, prompt, model, options, stop)
    {
        text = stop.Read();
        history = new int[prompt.Ids.Length + Limit];
        prompt.Ids.CopyTo(history, 0);
        logProbabilities = new float[Limit];
        if (options.TopLogProbabilities > 0) top = new TokenCandidate[Limit][];
        // A drawn seed is an int, because it is shown and should be short.
        long seed = options.IsSampling ? prompt.Seed ?? options.Seed ?? Random.Shared.Next() : 0;
        Rule = options.Rule(prompt.Ids.Length, seed, model.Config.Text.VocabSize);
        if (prompt.Notes is not null) notes = [];
        NeedsHost = prompt.Constraint is not null || prompt.Notes is not null || !options.HistoryLimits.IsNone;
    }

    /// <summary>How its tokens are chosen.</summary>
    public TokenRule Rule { get; }

    public override int Rows => 1;

    public override bool NeedsHost { get; }

    public override bool GoesOn => Finish == FinishReason.None && count + ahead < Limit;

    /// <summary>[T]: prompt and new tokens.</summary>
    public ReadOnlySpan<int> History => history.AsSpan(0, Prompt.Ids.Length + count);

    private ReadOnlySpan<int> NewTokens => history.AsSpan(Prompt.Ids.Length, count);

    public override void Own(KvCache cache) => this.cache = cache;

    public override void AddRows(Span<int> ids, SequenceBatch batch, Matrix choice)
    {
        ids[0] = choice.HasValue && choice == chosenIn ? -1 - choiceRow : history[Prompt.Ids.Length + count - 1];
        batch.Add(1, Prompt.Ids.Length, cache!, Prompt.Adapter);
    }

    public override void AddHeadRows(HeadRows needed) => needed.Add(Prompt, History);

    public override void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced)
    {
        TokenCandidate token = chooser.Choose(row, History, this);
        if (top is not null) top[count] = chooser.Top(Rule.Candidates);
        notes?.Add(chooser.Note(Prompt, row, History, token.Id));
        produced.Add(Append(token.Id, token.LogProbability));
    }

    /// <summary>Records that the backend is choosing the next token, in a row of the step's choice.</summary>
    public void Await(Matrix choice, int row) => (chosenIn, choiceRow, ahead) = (choice, row, ahead + 1);

    /// <summary>Reads the token that the backend has chosen.</summary>
    /// <param name="chosen">The row of the choice.</param>
    /// <returns>The token for the session's caller.</returns>
    public GeneratedToken Read(ChosenToken chosen)
    {
        ahead--;
        if (top is not null) top[count] = Candidates(chosen);
        return Append(chosen.Id, chosen.LogProbability);
    }

    private TokenCandidate[] Candidates(ChosenToken chosen)
    {
        var found = new List<TokenCandidate>(Rule.Candidates);
        for (int i = 0; i < Rule.Candidates && chosen.Candidate(i) is ( >= 0, _) candidate; i++)
            found.Add(new TokenCandidate(candidate.Id, candidate.LogProbability));
        return [.. found];
    }

    /// <summary>Appends the next token, and frees the cache if it is the last one.</summary>
    private GeneratedToken Append(int id, float logProbability)
    {
        history[Prompt.Ids.Length + count] = id;
        logProbabilities[count++] = logProbability;
        string piece = text?.Append(id) ?? "";
        if (Stop.Ends(id) || text is { IsStopped: true }) Finish = FinishReason.Stop;
        else if (count == Limit) Finish = FinishReason.Length;
        if (Finish != FinishReason.None)
        {
            Dispose();
            piece += text?.Flush();
        }

        return new GeneratedToken(Index, id, logProbability, piece, Finish) { Top = top?[count - 1] };
    }

    public override GenerationResult ToResult() =>
        new(NewTokens.ToArray(), logProbabilities[..count], Stop.Text(NewTokens), Finish, Prompt.Ids.Length)
        {
            TopLogProbabilities = top?[..count],
            Notes = notes?.ToArray(),
            Seed = Options.IsSampling ? Rule.Seed : null,
        };

    public override void Dispose()
    {
        cache?.Dispose();
        cache = null;
    }
}
