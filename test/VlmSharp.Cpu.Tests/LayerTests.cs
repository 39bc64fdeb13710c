using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests;

/// <summary>Registers do not depend on storage formats, formats do not depend on kernels, and threads depend on neither.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData("Simd", "Simd")]
    [InlineData("Threading", "Threading")]
    [InlineData("Formats", "Formats", "Simd")]
    [InlineData("Kernels", "Kernels", "Formats", "Simd", "Threading")]
    public void A_layer_names_only_the_layers_below_it(string layer, params string[] known)
    {
        string root = Path.Combine(GoldenFiles.Root, "VlmSharp.Cpu"), prefix = "VlmSharp.Cpu.";
        foreach (string path in Directory.EnumerateFiles(Path.Combine(root, layer), "*.cs", SearchOption.AllDirectories))
            foreach (string line in File.ReadLines(path).Where(l => l.StartsWith("using ", StringComparison.Ordinal)))
                if (line.IndexOf(prefix, StringComparison.Ordinal) is int at and >= 0)
                    Assert.True(known.Contains(line[(at + prefix.Length)..].Split('.', ';')[0]), $"{path}: {line}");
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        foreach (string project in new[] { "VlmSharp.Cpu", Path.Combine("test", "VlmSharp.Cpu.Tests") })
        {
            string root = Path.Combine(GoldenFiles.Root, project), name = Path.GetFileName(project);
            foreach (string path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
            {
                string folder = Path.GetDirectoryName(Path.GetRelativePath(root, path))!;
                if (folder.Split(Path.DirectorySeparatorChar)[0] is "obj" or "bin") continue;
                string expected = folder.Length == 0 ? name : $"{name}.{folder.Replace(Path.DirectorySeparatorChar, '.')}";
                Assert.True(File.ReadLines(path).Contains($"namespace {expected};"), $"{path} is not in {expected}.");
            }
        }
    }
}
