using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Captions;

/// <summary>The scores of many pictures' captions, individually and overall, as COCO's captions are scored.</summary>
public sealed class CaptionEvaluation
{
    private CaptionEvaluation(IReadOnlyList<CaptionScore> images, DocumentFrequencies frequencies)
    {
        Images = images;
        Frequencies = frequencies;
        Counts = images.Aggregate(BleuCounts.Zero, (sum, image) => sum + image.Counts);
        Bleu = Captions.Bleu.Score(Counts);
        RougeL = images.Average(image => image.RougeL);
        Cider = images.Average(image => image.Cider);
    }

    /// <summary>Each picture's scores, in the order of the input.</summary>
    public IReadOnlyList<CaptionScore> Images { get; }

    /// <summary>The number of pictures that have each n-gram: among these pictures, or in the given corpus.</summary>
    public DocumentFrequencies Frequencies { get; }

    /// <summary>The counts for BLEU, summed.</summary>
    public BleuCounts Counts { get; }

    /// <summary>BLEU-1 to BLEU-4 of the corpus, 0 to 1. [4]</summary>
    public IReadOnlyList<double> Bleu { get; }

    /// <summary>Mean of the pictures' ROUGE-L, 0 to 1.</summary>
    public double RougeL { get; }

    /// <summary>Mean of the pictures' CIDEr-D, 0 to 10.</summary>
    public double Cider { get; }

    /// <summary>Scores captions.</summary>
    /// <param name="cases">Pictures with their captions, at least one.</param>
    /// <param name="tokenization">How words are found.</param>
    /// <param name="frequencies">
    /// The corpus for CIDEr's weights; null for the pictures themselves, as in the benchmarks.
    /// </param>
    /// <exception cref="ArgumentException">There is no picture, or one has no reference.</exception>
    public static CaptionEvaluation Of(
        IReadOnlyList<CaptionCase> cases,
        CaptionTokenization tokenization = CaptionTokenization.Ptb,
        DocumentFrequencies? frequencies = null)
    {
        if (cases.Count == 0) throw new ArgumentException("There is no picture.", nameof(cases));
        if (cases.FirstOrDefault(c => c.References.Count == 0) is { } bare)
            throw new ArgumentException($"Picture {bare.Id} has no reference.", nameof(cases));
        CaptionCase[] words = [.. cases.AsParallel().AsOrdered().Select(c => c.Tokenize(tokenization))];
        frequencies ??= FrequenciesOf(words);
        var cider = new Cider(frequencies);
        return new CaptionEvaluation(
        [
            .. words.AsParallel().AsOrdered().Select(c => new CaptionScore(
                c, Captions.Bleu.Count(c.Candidate, c.References), Captions.RougeL.Score(c.Candidate, c.References),
                cider.Score(c.Candidate, c.References))),
        ], frequencies);
    }

    /// <summary>The 95 % intervals of the corpus's scores. CIDEr's weights remain those of the whole corpus.</summary>
    /// <param name="seed">The seed of the bootstrap samples.</param>
    /// <returns>The intervals of BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D. [6]</returns>
    public IReadOnlyList<Interval> Intervals(long seed = 0) => Bootstrap.Intervals(Images.Count, ScoresOf, seed);

    /// <summary>BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D of chosen pictures; a picture may be chosen more than once.</summary>
    /// <param name="chosen">The indices of the pictures.</param>
    /// <returns>The six scores. [6]</returns>
    public double[] ScoresOf(IReadOnlyList<int> chosen)
    {
        var guesses = new long[NGrams.Longest];
        var correct = new long[NGrams.Longest];
        long candidateLength = 0, referenceLength = 0;
        double rougeL = 0, cider = 0;
        foreach (int i in chosen)
        {
            CaptionScore image = Images[i];
            for (int n = 0; n < NGrams.Longest; n++)
            {
                guesses[n] += image.Counts.Guesses[n];
                correct[n] += image.Counts.Correct[n];
            }

            candidateLength += image.Counts.CandidateLength;
            referenceLength += image.Counts.ReferenceLength;
            rougeL += image.RougeL;
            cider += image.Cider;
        }

        double[] bleu = Captions.Bleu.Score(new BleuCounts(guesses, correct, candidateLength, referenceLength));
        return [.. bleu, rougeL / chosen.Count, cider / chosen.Count];
    }

    private static DocumentFrequencies FrequenciesOf(IEnumerable<CaptionCase> words)
    {
        var frequencies = new DocumentFrequencies();
        foreach (CaptionCase c in words) frequencies.Add(c.References);
        return frequencies;
    }
}
