using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Training.Tests.Optimizers;

/// <summary>The reference's results for optimizers, schedules and event files: <c>golden/metrics/training.json</c>.</summary>
internal static class TrainingGoldens
{
    private static readonly JsonDocument Document = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "training.json")));

    public static JsonElement Section(string name) => Document.RootElement.GetProperty(name);

    public static float[] Floats(this JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetSingle())];
}
