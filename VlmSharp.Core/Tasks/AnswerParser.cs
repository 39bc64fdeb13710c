using System.Text;
using VlmSharp.Generation;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;

namespace VlmSharp.Tasks;

/// <summary>A box as the model writes it, in location tokens.</summary>
/// <param name="Top">0 to 1023.</param>
/// <param name="Left">0 to 1023.</param>
/// <param name="Bottom">At least <paramref name="Top"/>.</param>
/// <param name="Right">At least <paramref name="Left"/>.</param>
/// <param name="Label">The text after its location and segment tokens.</param>
/// <param name="Evidence">The probabilities from which its score is computed.</param>
/// <param name="MaskCodes">Sixteen codes, or null.</param>
internal sealed record ParsedBox(int Top, int Left, int Bottom, int Right, string Label, BoxEvidence Evidence, int[]? MaskCodes)
{
    /// <summary>As in <see cref="Detection"/>.</summary>
    public float Score { get; } = BoxScore.Of(Evidence);
}

/// <summary>
/// Reads the boxes of an answer:
/// <code>
/// answer := text? (box (";" box)*)?        box := loc loc loc loc  (seg x 16)?  label
/// </code>
/// Spaces may stand anywhere between. No answer is an error. What does not fit the grammar is skipped as text: text before a box, or a run
/// of location tokens whose length is not four. A run of segment tokens whose length is not sixteen gives no mask. Edges in the wrong order
/// are swapped. A label ends at <c>;</c>, <c>&lt;</c> or <c>&gt;</c>; an answer ends at the first special token.
/// </summary>
internal sealed class AnswerParser(ITokenizer tokenizer, TaskTokens tokens)
{
    /// <summary>Reads an answer.</summary>
    /// <param name="ids">Its tokens.</param>
    /// <param name="logProbabilities">One for each token.</param>
    /// <param name="notes">One for each token, as <see cref="BoxNotes"/> asks for them; null if there are none.</param>
    /// <returns>The boxes in their order.</returns>
    public List<ParsedBox> Parse(IReadOnlyList<int> ids, IReadOnlyList<float> logProbabilities, IReadOnlyList<StepNote>? notes = null)
    {
        int end = 0;
        while (end < ids.Count && !tokenizer.IsSpecial(ids[end])) end++;
        int[] answer = [.. ids.Take(end)];
        var boxes = new List<ParsedBox>();
        for (int at = 0; at < answer.Length;)
        {
            int locations = RunLength(answer, at, tokens.LocationOf);
            int behind = at + Math.Max(locations, 1);
            if (locations == TaskTokens.LocationsPerBox) boxes.Add(ReadBox(answer, at, logProbabilities, notes, ref behind));
            at = behind;
        }

        return boxes;
    }

    /// <summary>Reads the mask and the label after four locations.</summary>
    private ParsedBox ReadBox(int[] answer, int at, IReadOnlyList<float> logProbabilities, IReadOnlyList<StepNote>? notes, ref int behind)
    {
        int[] places = [.. answer[at..behind].Select(tokens.LocationOf)]; // top, left, bottom, right
        float[] log = [.. logProbabilities.Skip(at).Take(places.Length)];
        float[]?[] rows = [.. Enumerable.Range(at, places.Length).Select(i => notes?[i].Row)];
        int[]? codes = ReadCodes(answer, ref behind);
        float? allowed = behind < answer.Length ? notes?[behind].Allowed : null; // of the step after locations and codes
        string label = ReadLabel(answer, logProbabilities, ref behind, out double labelLog);
        var evidence = new BoxEvidence(places, log, rows, labelLog, allowed);
        return new ParsedBox(
            Math.Min(places[0], places[2]),
            Math.Min(places[1], places[3]),
            Math.Max(places[0], places[2]),
            Math.Max(places[1], places[3]),
            label,
            evidence,
            codes);
    }

    private int[]? ReadCodes(int[] answer, ref int behind)
    {
        int at = behind;
        while (at < answer.Length && IsBlank(answer[at])) at++;
        int count = RunLength(answer, at, tokens.SegmentOf);
        if (count == 0) return null;
        behind = at + count;
        return count == MaskNetwork.CodesPerMask ? Array.ConvertAll(answer[at..behind], tokens.SegmentOf) : null;
    }

    private string ReadLabel(int[] answer, IReadOnlyList<float> logProbabilities, ref int behind, out double logProbability)
    {
        int first = behind;
        while (behind < answer.Length && IsText(answer[behind])) behind++;
        var text = new StringBuilder();
        var starts = new int[behind - first]; // where each token's text begins
        var decoder = new StreamingDecoder(tokenizer, skipSpecial: true);
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = text.Length;
            text.Append(decoder.Append(answer[first + i]));
        }

        text.Append(decoder.Flush());
        string whole = text.ToString();
        int end = whole.AsSpan().IndexOfAny(';', '<', '>');
        string label = (end < 0 ? whole : whole[..end]).TrimEnd();
        logProbability = 0;
        for (int i = 0; i < starts.Length && starts[i] < label.Length; i++) logProbability += logProbabilities[first + i];
        return label.TrimStart();
    }

    private static int RunLength(int[] answer, int at, Func<int, int> valueOf)
    {
        int end = at;
        while (end < answer.Length && valueOf(answer[end]) >= 0) end++;
        return end - at;
    }

    private bool IsText(int id) => tokens.LocationOf(id) < 0 && tokens.SegmentOf(id) < 0;

    private bool IsBlank(int id) => IsText(id)
        && (uint)id < (uint)tokenizer.VocabularySize
        && string.IsNullOrWhiteSpace(tokenizer.Piece(id).Replace('\u2581', ' '));
}
