namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// For each n-gram, n = 1 to 4, in how many pictures at least one reference has it. CIDEr weighs words by it. Sets of pictures can be
/// counted apart and merged.
/// </summary>
public sealed class DocumentFrequencies
{
    private readonly Dictionary<string, long> counts;

    /// <summary>Counts of no picture.</summary>
    public DocumentFrequencies() => counts = new(StringComparer.Ordinal);

    /// <summary>Counts that were made elsewhere.</summary>
    /// <param name="pictures">How many pictures.</param>
    /// <param name="counts">For each n-gram, its words joined by single spaces, in how many of them it is.</param>
    public DocumentFrequencies(long pictures, IEnumerable<KeyValuePair<string, long>> counts)
    {
        Pictures = pictures;
        this.counts = new(counts, StringComparer.Ordinal);
    }

    /// <summary>How many pictures were counted.</summary>
    public long Pictures { get; private set; }

    /// <summary>The counts, by n-gram.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>In how many pictures an n-gram is; 0 where in none.</summary>
    /// <param name="ngram">Its words, joined by single spaces.</param>
    public long Of(string ngram) => counts.GetValueOrDefault(ngram);

    /// <summary>Counts a picture.</summary>
    /// <param name="references">Its captions; an n-gram counts once, in however many of them it is.</param>
    public void Add(IReadOnlyList<string> references)
    {
        Pictures++;
        string[][] all = [.. references.Select(NGrams.WordsOf)];
        for (int n = 1; n <= NGrams.Longest; n++)
            foreach (string ngram in all.SelectMany(words => NGrams.Count(words, n).Keys).Distinct(StringComparer.Ordinal))
                counts[ngram] = Of(ngram) + 1;
    }

    /// <summary>Adds the counts of other pictures.</summary>
    /// <param name="other">Counts of pictures that are not among these.</param>
    public void Merge(DocumentFrequencies other)
    {
        Pictures += other.Pictures;
        foreach ((string ngram, long count) in other.counts) counts[ngram] = Of(ngram) + count;
    }
}
