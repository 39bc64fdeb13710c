using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Conformance;

/// <summary>The questions about the demo's samples.</summary>
public static class DemoQuestions
{
    /// <summary>Every picture with each of its questions, as listed.</summary>
    public static GenerationRequest[] Load()
    {
        string samples = Path.Combine(GoldenFiles.DemoModel, "..", "samples");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(samples, "answers.json")));
        return [.. json.RootElement.EnumerateArray().Select(c => new GenerationRequest
        {
            Images = [ImageFile.Load(Path.Combine(samples, c.GetProperty("image").GetString()!))],
            Prompt = c.GetProperty("prompt").GetString()!,
        })];
    }
}
