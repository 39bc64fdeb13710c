using System.Text.Json;

namespace VlmSharp.Scenes;

/// <summary>A line of eval.jsonl: a question with its answer.</summary>
internal sealed record Asked(string Image, string Prefix, string Suffix, string Kind)
{
    public static Asked Read(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return new(Text("image"), Text("prefix"), Text("suffix"), Text("kind"));

        string Text(string name) => json.RootElement.GetProperty(name).GetString()!;
    }
}
