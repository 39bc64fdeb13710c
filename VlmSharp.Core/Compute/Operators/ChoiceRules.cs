namespace VlmSharp.Compute.Operators;

/// <summary>How a sequence's next token is chosen. The default is greedy.</summary>
public readonly record struct TokenRule
{
    /// <summary>Skips the row, because the host chooses the token. Its result is undefined.</summary>
    public bool IsSkipped { get; init; }

    /// <summary>
    /// Whether the token is sampled. Otherwise it is the likeliest one, and of the other settings only <see cref="Candidates"/> matters.
    /// </summary>
    public bool IsSampling { get; init; }

    /// <summary>A positive divisor of the logits; 0 and 1 change nothing.</summary>
    public float Temperature { get; init; }

    /// <summary>Samples from the k likeliest tokens, ties with the k-th included; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Samples from the fewest tokens that together have this probability, 0 to 1; null for all.</summary>
    public float? TopP { get; init; }

    /// <summary>Samples from tokens that have at least this share of the likeliest one's probability; 0 for all.</summary>
    public float MinP { get; init; }

    /// <summary>The seed, which selects the stream of random numbers.</summary>
    public long Seed { get; init; }

    /// <summary>Tokens of the prompt: the first token after it takes number 0 of the stream.</summary>
    public int PromptLength { get; init; }

    /// <summary>How many of the likeliest tokens to report, with their log-probabilities.</summary>
    public int Candidates { get; init; }
}

/// <summary>
/// The rules of a step's sequences, in their order. They stay the same from step to step as long as the sequences do. Two objects are equal
/// if all their rules are equal.
/// </summary>
public sealed class ChoiceRules : IEquatable<ChoiceRules>
{
    private readonly TokenRule[] rules;
    private readonly int hash;

    /// <summary>Collects the rules.</summary>
    /// <param name="rules">One for each sequence.</param>
    public ChoiceRules(IEnumerable<TokenRule> rules)
    {
        this.rules = [.. rules];
        foreach (TokenRule rule in this.rules) Candidates = Math.Max(Candidates, rule.Candidates);
        var code = new HashCode();
        foreach (TokenRule rule in this.rules) code.Add(rule);
        hash = code.ToHashCode();
    }

    /// <summary>The number of sequences.</summary>
    public int Count => rules.Length;

    /// <summary>N: the largest number of candidates of any rule.</summary>
    public int Candidates { get; }

    /// <summary>The rule of a sequence.</summary>
    /// <param name="index">The sequence's index in the step.</param>
    public TokenRule this[int index] => rules[index];

    /// <inheritdoc/>
    public bool Equals(ChoiceRules? other) =>
        ReferenceEquals(this, other) || (other is not null && rules.AsSpan().SequenceEqual(other.rules));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ChoiceRules);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}

/// <summary>The result of <see cref="Choose"/> for one sequence, on the host.</summary>
/// <param name="row">2 + 2 N words: a row of the operator's result.</param>
public readonly ref struct ChosenToken(ReadOnlySpan<float> row)
{
    private readonly ReadOnlySpan<float> row = row;

    /// <summary>The id of the chosen token, 0 to V - 1.</summary>
    public int Id => BitConverter.SingleToInt32Bits(row[0]);

    /// <summary>Its log-probability under the model; -infinity if the logits are NaN.</summary>
    public float LogProbability => row[1];

    /// <summary>N: the number of candidates that the row has room for.</summary>
    public int Candidates => (row.Length - 2) / 2;

    /// <summary>One of the likeliest tokens, the likeliest first.</summary>
    /// <param name="index">Below <see cref="Candidates"/>.</param>
    /// <returns>The token and its log-probability; id -1 if there are fewer.</returns>
    public (int Id, float LogProbability) Candidate(int index) =>
        (BitConverter.SingleToInt32Bits(row[2 + index]), row[2 + Candidates + index]);
}
