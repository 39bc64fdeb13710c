using VlmSharp.Conformance;

namespace VlmSharp.Hub.Tests;

public sealed class ReadmeSampleTests
{
    /// <summary>The sample compiles here, so it compiles for its readers.</summary>
    [Fact]
    public void The_sample_of_the_package_s_page_compiles()
    {
        string[] sample = Lines(Path.Combine(GoldenFiles.Root, "VlmSharp.Hub", "README.md"), "```csharp", "```", 0);
        string[] compiled = Lines(
            Path.Combine(GoldenFiles.Root, "test", "VlmSharp.Hub.Tests", "ReadmeSample.cs"),
            "public static async Task RunAsync()",
            "never",
            1);
        Assert.NotEmpty(sample);
        Assert.Equal(sample.Where(line => !line.StartsWith("using ", StringComparison.Ordinal)), compiled.Take(sample.Length - 1));
    }

    private static string[] Lines(string file, string begin, string end, int skip) =>
        [
            .. File.ReadLines(file)
                .Select(line => line.Trim())
                .SkipWhile(line => line != begin)
                .Skip(1 + skip)
                .TakeWhile(line => line != end)
                .Where(line => line.Length > 0)
        ];
}
