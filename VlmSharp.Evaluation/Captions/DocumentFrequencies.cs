namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// The number of pictures in which at least one reference has an n-gram, for n = 1 to 4. CIDEr weights n-grams by it. Sets of pictures can
/// be counted separately and merged.
/// </summary>
public sealed class DocumentFrequencies
{
    private readonly Dictionary<string, long> counts;

    /// <summary>Starts with zero pictures.</summary>
    public DocumentFrequencies() => counts = new(StringComparer.Ordinal);

    /// <summary>Takes existing counts.</summary>
    /// <param name="pictures">The number of pictures.</param>
    /// <param name="counts">For each n-gram, its words joined by single spaces, the number of pictures that have it.</param>
    public DocumentFrequencies(long pictures, IEnumerable<KeyValuePair<string, long>> counts)
    {
        Pictures = pictures;
        this.counts = new(counts, StringComparer.Ordinal);
    }

    /// <summary>The number of pictures that were counted.</summary>
    public long Pictures { get; private set; }

    /// <summary>The counts, by n-gram.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>The number of pictures that have an n-gram; 0 if none has.</summary>
    /// <param name="ngram">Its words, joined by single spaces.</param>
    public long Of(string ngram) => counts.GetValueOrDefault(ngram);

    /// <summary>Counts a picture.</summary>
    /// <param name="references">Its captions. An n-gram counts once, even if several of them have it.</param>
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
