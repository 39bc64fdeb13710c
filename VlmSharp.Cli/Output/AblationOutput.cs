using System.Text.Json;
using Spectre.Console;
using VlmSharp.Explain.Ablations;
using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Output;

/// <summary>The result of <c>ablate</c>, as a table and as JSON.</summary>
internal static class AblationOutput
{
    private const int LongestAnswer = 60;

    /// <summary>Writes a table to standard output.</summary>
    public static void Show(AblationReport report)
    {
        Table table = Tables.Create("switch", "what", "answer", "ln q", "KL");
        foreach (int number in new[] { 3, 4 }) table.Columns[number].RightAligned();
        table.AddPlainRow(
            "", "the whole model", AnswerTable.Shown(report.Whole, LongestAnswer), AnswerTable.Nats(report.Whole.LogProbability), "0");
        foreach (AblationResult result in report.Results)
        {
            table.AddPlainRow(
                result.Switch.Name, result.Switch.Title, result.IsSame ? "the same" : AnswerTable.Shown(result.Answer, LongestAnswer),
                AnswerTable.Nats(result.Answer.LogProbability), AnswerTable.Size(result.Answer.Divergence));
        }

        Tables.Write(table);
    }

    /// <summary>Writes one object.</summary>
    public static void Write(Utf8JsonWriter o, string image, AblationReport report)
    {
        o.WriteStartObject();
        o.WriteString("image", image);
        o.WriteString("prompt", report.Prompt);
        o.WriteString("model", report.ModelName);
        o.WriteString("backend", report.Backend);
        o.WriteStartObject("whole");
        WriteAnswer(o, report.Whole);
        o.WriteEndObject();
        o.WriteStartArray("switches");
        foreach (AblationResult result in report.Results)
        {
            o.WriteStartObject();
            o.WriteString("name", result.Switch.Name);
            o.WriteString("title", result.Switch.Title);
            if (result.Switch.Layer is { } layer) o.WriteNumber("layer", layer);
            if (result.Switch.Head is { } head) o.WriteNumber("head", head);
            o.WriteBoolean("same_answer", result.IsSame);
            WriteAnswer(o, result.Answer);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    private static void WriteAnswer(Utf8JsonWriter o, AblatedAnswer answer)
    {
        o.WriteString("text", answer.Text);
        o.WriteNumbers("token_ids", answer.TokenIds);
        o.WriteString("finish_reason", JsonOutput.NameOf(answer.Finish));
        o.WriteReal("logprob", answer.LogProbability);
        o.WriteNumbers("logprobs", answer.LogProbabilities);
        o.WriteReal("kl", answer.Divergence);
        o.WriteNumbers("kls", answer.Divergences);
    }
}
