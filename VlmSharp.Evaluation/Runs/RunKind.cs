namespace VlmSharp.Evaluation.Runs;

/// <summary>How the items of a run are scored.</summary>
internal enum RunKind
{
    /// <summary>BLEU, ROUGE-L, CIDEr-D.</summary>
    Captions,

    /// <summary>A metric of answers.</summary>
    Answers,

    /// <summary>Average precision of boxes.</summary>
    Boxes,

    /// <summary>One box for an expression.</summary>
    Referring,

    /// <summary>Exact match for texts, average precision for boxes.</summary>
    Exact,
}
