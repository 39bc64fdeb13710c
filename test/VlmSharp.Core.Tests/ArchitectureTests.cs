using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests;

/// <summary>The house rules that a machine can check.</summary>
public sealed class ArchitectureTests
{
    private static IEnumerable<string> Sources(params string[] projects) => projects
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, project), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Core_references_the_platform_and_imaging_alone()
    {
        IEnumerable<string> names = typeof(Matrix).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(name => name != "VlmSharp.Imaging");
        Assert.All(names, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_backend_names_no_model()
    {
        foreach (string path in Sources("VlmSharp.Cpu", Path.Combine("VlmSharp.Core", "Compute")))
            Assert.DoesNotContain("using VlmSharp.Models", File.ReadAllText(path), StringComparison.Ordinal);
    }

    /// <summary>A library talks to its caller through values and exceptions; only the program has a console and an environment.</summary>
    [Theory, InlineData("Console."), InlineData("GetEnvironmentVariable")]
    public void Libraries_use_no(string forbidden)
    {
        foreach (string path in Sources("VlmSharp.Imaging", "VlmSharp.Core", "VlmSharp.Explain", "VlmSharp.Cpu", "VlmSharp.Extensions.AI"))
            foreach (string line in File.ReadLines(path).Where(l => !l.TrimStart().StartsWith("///", StringComparison.Ordinal)))
                Assert.False(line.Contains(forbidden, StringComparison.Ordinal), $"{path}: {line}");
    }

    [Fact]
    public void Files_stay_readable()
    {
        foreach (string path in Sources("VlmSharp.Imaging", "VlmSharp.Core", "VlmSharp.Explain", "VlmSharp.Cpu", "VlmSharp.Extensions.AI", "VlmSharp.Cli"))
            Assert.True(File.ReadLines(path).Count() <= 400, $"{path} has over 400 lines: which part of it is a thing of its own?");
    }
}
