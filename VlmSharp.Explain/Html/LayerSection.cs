using VlmSharp.Explain.Ablations;

namespace VlmSharp.Explain.Html;

/// <summary>The decoder layers, each skipped in turn.</summary>
internal static class LayerSection
{
    public static void Write(HtmlWriter page, AblationReport report)
    {
        AblationResult[] results = [.. report.Results.Where(r => r.Switch.Scope == AblationScope.Layer)];
        if (results.Length == 0) return;
        page.Add($"""
            <section id="layers"><h2>Without a layer</h2>
            <p>Every layer adds to the vector that passes through it. A layer that is skipped passes on its input, so those behind it read
            a vector that they have never seen in training. Layers in the middle of a deep model are often missed little; the first and the
            last ones much.</p>

            """);
        Sources.Write(page, results[0].Switch.Equation, results[0].Switch.Source, "VlmSharp.Core/Models/GemmaDecoder.cs");
        AnswerTable.Write(page, report, results);
        page.Add($"</section>\n");
    }
}
