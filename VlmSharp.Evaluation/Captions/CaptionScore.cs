namespace VlmSharp.Evaluation.Captions;

/// <summary>The scores of one picture's caption.</summary>
/// <param name="Words">The captions as words, joined by single spaces.</param>
/// <param name="Counts">The counts for BLEU.</param>
/// <param name="RougeL">ROUGE-L, 0 to 1.</param>
/// <param name="Cider">CIDEr-D, 0 to 10.</param>
public sealed record CaptionScore(CaptionCase Words, BleuCounts Counts, double RougeL, double Cider)
{
    /// <summary>BLEU-1 to BLEU-4 of this picture alone, 0 to 1. [4]</summary>
    public IReadOnlyList<double> Bleu { get; } = Captions.Bleu.Score(Counts);
}
