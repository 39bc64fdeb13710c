namespace VlmSharp.Evaluation.Answers;

/// <summary>How answers are scored.</summary>
public enum AnswerMetric
{
    /// <summary><see cref="VqaAccuracy"/>: VQAv2, TextVQA, VizWiz.</summary>
    Vqa,

    /// <summary><see cref="OkVqaAccuracy"/>: OK-VQA, A-OKVQA.</summary>
    OkVqa,

    /// <summary><see cref="Answers.Anls"/>: DocVQA, InfographicVQA, ST-VQA.</summary>
    Anls,

    /// <summary><see cref="RelaxedAccuracy"/>: ChartQA.</summary>
    Relaxed,

    /// <summary><see cref="ExactMatch"/>: GQA, OCR-VQA, fixed sets of answers.</summary>
    Exact,

    /// <summary><see cref="CountAccuracy"/>: TallyQA.</summary>
    TallyQa,

    /// <summary><see cref="PopeScores"/>: POPE.</summary>
    Pope,
}
