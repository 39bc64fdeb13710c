using System.Globalization;
using VlmSharp.Explain.Ablations;

namespace VlmSharp.Explain.Html;

/// <summary>The answers of a model without some part, beside the whole model's: as a table with bars, and token by token.</summary>
internal static class AnswerTable
{
    private const int LongestAnswer = 160;

    /// <summary>Writes the table. The bars show KL, scaled to the largest value in this table.</summary>
    /// <param name="page">Receives the markup; texts are escaped.</param>
    /// <param name="report">The report with the whole model's answer.</param>
    /// <param name="results">One row for each switch, in this order.</param>
    public static void Write(HtmlWriter page, AblationReport report, IReadOnlyList<AblationResult> results)
    {
        double largest = results.Select(r => r.Answer.Divergence).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        page.Add($"""
            <div class="wide"><table class="answers"><thead><tr><th>switched</th><th>answer</th>
            <th class="number">ln q</th><th class="number">KL</th><th></th></tr></thead><tbody>
            <tr class="whole"><td>whole model</td><td class="answer"><bdi>{Shown(report.Whole)}</bdi></td>
            <td class="number">{Nats(report.Whole.LogProbability)}</td><td class="number">0</td><td class="bar"></td></tr>

            """);
        foreach (AblationResult result in results)
        {
            double share = !double.IsFinite(result.Answer.Divergence) ? 1 : largest > 0 ? result.Answer.Divergence / largest : 0;
            page.Add($"""
                <tr><td>{result.Switch.Title}</td>
                <td class="answer"><span class="{(result.IsSame ? "same" : "changed")}"><bdi>{Shown(result.Answer)}</bdi></span></td>
                <td class="number">{Nats(result.Answer.LogProbability)}</td><td class="number">{Size(result.Answer.Divergence)}</td>
                <td class="bar"><div style="width:{100 * share:0.##}%"></div></td></tr>

                """);
        }

        page.Add($"</tbody></table></div>\n");
    }

    /// <summary>Writes the tokens of the whole model's answer, each with the probability that another model gives it.</summary>
    public static void WriteTokens(HtmlWriter page, AblationReport report, AblatedAnswer rated)
    {
        page.Add($"""<ol class="tokens rated">""");
        for (int i = 0; i < report.Answer.Count; i++)
        {
            double probability = Math.Exp(rated.LogProbabilities[i]);
            double shade = double.IsFinite(probability) ? Math.Clamp(probability, 0, 1) : 0;
            page.Add($"""
                <li style="--a:{shade:0.##}"><span class="piece"><bdi>{Spelling.Of(report.Answer[i].Piece)}</bdi></span>
                <span class="id">{Figures.Percent(probability)}</span></li>
                """);
        }

        page.Add($"</ol>\n");
    }

    /// <summary>An answer's text, or its ids if there is no tokenizer; invisible characters appear by name.</summary>
    public static string Shown(AblatedAnswer answer, int longest = LongestAnswer)
    {
        string text = answer.Text?.Trim() ?? string.Join(' ', answer.TokenIds.Select(id => id.ToString(CultureInfo.InvariantCulture)));
        return text.Length == 0 ? "(nothing)" : Spelling.Of(text, longest);
    }

    /// <summary>A logarithm of a probability: −1.25.</summary>
    public static string Nats(double value) => double.IsNegativeInfinity(value) ? "−∞" : !double.IsFinite(value) ? "not a number"
        : value.ToString(value > -9.9995 ? "0.000" : value > -99.995 ? "0.00" : "0.0", CultureInfo.InvariantCulture).Replace('-', '−');

    /// <summary>A divergence, 0 or above.</summary>
    public static string Size(double value) => double.IsPositiveInfinity(value) ? "∞" : !double.IsFinite(value) ? "not a number"
        : value < 0.00005 ? "0" : value.ToString(value < 0.1 ? "0.0000" : value < 10 ? "0.000" : "0.00", CultureInfo.InvariantCulture);
}
