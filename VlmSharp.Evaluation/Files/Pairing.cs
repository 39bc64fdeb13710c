using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Files;

/// <summary>The two files whose entries are paired.</summary>
/// <param name="Predictions">The file of predictions.</param>
/// <param name="References">The file of references.</param>
/// <param name="Thing">What an id names: picture, question.</param>
/// <param name="AllowPartial">Whether entries without a counterpart are left out.</param>
internal sealed record PairedFiles(string Predictions, string References, string Thing, bool AllowPartial);

/// <summary>Paired predictions and references.</summary>
/// <param name="Cases">The pairs, in the references' order.</param>
/// <param name="LeftOut">What was left out, one phrase for each kind; empty if nothing was.</param>
internal sealed record Pairing<T>(IReadOnlyList<T> Cases, IReadOnlyList<string> LeftOut);

/// <summary>
/// Pairs predictions and references. The benchmarks' scripts require exactly one prediction for each reference and nothing else: the score
/// of a part is not the benchmark's score.
/// </summary>
internal static class Pairing
{
    private const int Shown = 10;

    /// <summary>Pairs by id.</summary>
    /// <param name="files">The files, for messages.</param>
    /// <param name="predictions">The predictions; of several for one id, the first is used.</param>
    /// <param name="ids">The ids of the references, each once.</param>
    /// <param name="pair">Makes a pair from an id and its prediction.</param>
    /// <exception cref="TrainingDataException">
    /// An entry has no counterpart or several, and that is not allowed; or nothing is left.
    /// </exception>
    public static Pairing<T> Of<T>(
        PairedFiles files, IReadOnlyList<Prediction> predictions, IReadOnlyCollection<string> ids, Func<string, string, T> pair)
    {
        var texts = new Dictionary<string, string>(predictions.Count, StringComparer.Ordinal);
        var twice = new List<string>();
        foreach (Prediction prediction in predictions)
            if (!texts.TryAdd(prediction.Id, prediction.Text)) twice.Add(prediction.Id);
        var known = new HashSet<string>(ids, StringComparer.Ordinal);
        string[] missing = [.. ids.Where(id => !texts.ContainsKey(id))], unknown = [.. texts.Keys.Where(id => !known.Contains(id))];
        string[] complaints =
        [
            .. Complaint(missing, $"without a prediction in {files.Predictions}"),
            .. Complaint([.. twice.Distinct(StringComparer.Ordinal)], $"with more than one prediction in {files.Predictions}"),
            .. Complaint(unknown, $"predicted that {files.References} does not have"),
        ];
        if (complaints.Length > 0 && !files.AllowPartial)
            throw new TrainingDataException($"Predictions and references do not fit together: {string.Join("; ", complaints)}: "
                + "mend that, or score what there is with --allow-partial.");
        if (missing.Length == known.Count)
            throw new TrainingDataException(
                $"{files.Predictions} predicts no {files.Thing} of {files.References}: are they of the same split?");
        return new Pairing<T>([.. ids.Where(texts.ContainsKey).Select(id => pair(id, texts[id]))], complaints);

        IEnumerable<string> Complaint(string[] which, string what) => which.Length == 0 ? []
            : [$"{which.Length} {files.Thing}{(which.Length > 1 ? "s" : "")} {what} ({MessageText.List([.. which.Select(Short)], Shown)})"];
    }

    private static string Short(string id) => MessageText.Quote(id)[1..^1];
}
