using VlmSharp.Explain.Ablations;

namespace VlmSharp.Explain.Html;

/// <summary>The switches of the whole model: all in one table, then each with its meaning.</summary>
internal static class SwitchSection
{
    public static void Write(HtmlWriter page, AblationReport report)
    {
        AblationResult[] results = [.. report.Results.Where(r => r.Switch.Scope == AblationScope.Model)];
        if (results.Length == 0) return;
        page.Add($"""
            <section id="switches"><h2>One part at a time</h2>
            <p>Answers that differ from the whole model's are in color. A bar shows the KL beside it; the longest is the largest of the
            table.</p>

            """);
        AnswerTable.Write(page, report, results);
        page.Add($"""
            <p class="note">Below, each switch with its equation, and the whole model's answer as the changed model rates it: the paler a
            token, the less likely it has become.</p>
            """);
        foreach (AblationResult result in results) WriteSwitch(page, report, result);
        page.Add($"</section>\n");
    }

    private static void WriteSwitch(HtmlWriter page, AblationReport report, AblationResult result)
    {
        AblationSwitch each = result.Switch;
        page.Add($"""
            <article class="switch"><h3>{each.Title}<code>{each.Name}</code></h3>
            <p>{each.Meaning}</p>

            """);
        Sources.Write(page, each.Equation, each.Source);
        if (each.Wrap is null && report.OtherSeen is { } other)
        {
            page.Add($"""<figure class="other">""");
            AblationPage.WritePicture(page, other, "The other picture");
            page.Add($"</figure>");
        }

        AnswerTable.WriteTokens(page, report, result.Answer);
        string verdict = result.IsSame ? "The answer stays." : "It answers:";
        page.Add($"""<p class="note">{verdict} """);
        if (!result.IsSame) page.Add($"""<span class="changed"><bdi>{AnswerTable.Shown(result.Answer)}</bdi></span>. """);
        page.Add($"""
            ln q {AnswerTable.Nats(result.Answer.LogProbability)}, of the whole model {AnswerTable.Nats(report.Whole.LogProbability)};
            KL {AnswerTable.Size(result.Answer.Divergence)}.</p></article>

            """);
    }
}
