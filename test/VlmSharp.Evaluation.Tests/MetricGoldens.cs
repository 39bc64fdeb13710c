using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Evaluation.Tests;

/// <summary>The results of the reference programs: <c>golden/metrics</c>.</summary>
internal static class MetricGoldens
{
    /// <summary>The tolerance of a metric.</summary>
    public const double Tolerance = 1e-9;

    /// <summary>A golden file.</summary>
    public static JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", name))).RootElement;

    /// <summary>A list of texts.</summary>
    public static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>A list of numbers.</summary>
    public static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetDouble())];

    /// <summary>Compares numbers with those of the reference.</summary>
    public static void AssertClose(IEnumerable<double> expected, IEnumerable<double> found)
    {
        double[] e = [.. expected], f = [.. found];
        Assert.Equal(e.Length, f.Length);
        for (int i = 0; i < e.Length; i++) Assert.True(Math.Abs(e[i] - f[i]) <= Tolerance, $"number {i}: {f[i]:R} where {e[i]:R} belongs");
    }
}
