using System.Text.Json;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.LoadTest;

/// <summary>Every request of a load test as a line of JSON, for further analysis or to compare answers.</summary>
internal static class RecordFile
{
    /// <summary>Writes the file stage by stage, in the order in which requests were due.</summary>
    /// <param name="path">A file of JSON lines; an existing one is replaced.</param>
    /// <param name="stages">The stages that were run, each with all of its outcomes.</param>
    public static void Save(string path, IEnumerable<StageReport> stages)
    {
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach (StageReport stage in stages)
            foreach (LoadOutcome outcome in stage.Outcomes.OrderBy(o => o.Request.Index))
                file.WriteLine(JsonOutput.ToText(o => Write(o, stage.Stage, outcome)));
    }

    private static void Write(Utf8JsonWriter o, LoadStage stage, LoadOutcome outcome)
    {
        o.WriteStartObject();
        o.WriteNumber("request", outcome.Request.Index);
        if (stage.Rate is { } rate) o.WriteNumber("rate", rate);
        if (stage.Clients is { } clients) o.WriteNumber("clients", clients);
        o.WriteString("prompt", outcome.Request.Prompt);
        if (outcome.Request.Picture is { } picture) o.WriteString("image", picture.Path);
        o.WriteNumber("max_tokens", outcome.Request.MaxTokens);
        o.WriteString("end", outcome.How switch
        {
            LoadEnd.Answered => "answered",
            LoadEnd.Canceled => "canceled",
            LoadEnd.Failed => "failed",
            _ => "unfinished",
        });
        if (outcome.Error is { } error)
        {
            if (error.Status is { } status) o.WriteNumber("status", status);
            o.WriteString("error", error.Type);
        }

        Time("due_s", outcome.Due);
        Time("sent_s", outcome.Sent);
        Time("first_s", outcome.First);
        Time("end_s", outcome.End);
        Time("retry_after_s", outcome.RetryAfter);
        o.WriteNumber("tokens", outcome.Tokens);
        if (outcome.Text is { } text) o.WriteString("text", text);
        o.WriteEndObject();

        void Time(string name, double seconds)
        {
            if (double.IsFinite(seconds)) o.WriteNumber(name, Math.Round(seconds, 6));
        }
    }
}
