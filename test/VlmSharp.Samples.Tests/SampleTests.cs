using System.Reflection;
using System.Text.RegularExpressions;

namespace VlmSharp.Samples.Tests;

/// <summary>The C# of every page compiles without a warning, with what its page tells the reader to have.</summary>
public sealed class SampleTests
{
    /// <summary>What fragments of pages speak of without saying where it came from.</summary>
    private static readonly (string Name, string Declaration)[] Known =
    [
        ("model", "VlmSharp.Generation.VisionLanguageModel model = null!;"),
        ("backend", "VlmSharp.Cpu.CpuBackend backend = null!;"),
        ("tasks", "VlmSharp.Tasks.TaskRunner tasks = null!;"),
        ("picture", "VlmSharp.Imaging.RgbImage picture = null!;"),
        ("image", "VlmSharp.Imaging.RgbImage image = null!;"),
    ];

    public static TheoryData<string> Packages => Under("VlmSharp.");

    public static TheoryData<string> Fragments => Under("docs/");

    [Theory, MemberData(nameof(Packages))]
    public void The_samples_of_a_package_compile_with_the_packages_that_its_page_names(string path)
    {
        SamplePage page = SamplePage.At(path);
        foreach (SampleBlock block in page.Blocks) Assert.Empty(new SampleProgram(block.Code, page.Packages, block.IsWeb).Faults);
    }

    [Fact]
    public void The_samples_of_the_front_page_compile()
    {
        SamplePage page = SamplePage.At("README.md");
        string joined = string.Join('\n', page.Blocks.Where(block => !block.IsWeb).Select(block => block.Code));
        Assert.Empty(new SampleProgram(joined, ["VlmSharp.Cpu"]).Faults);
        Assert.All(
            page.Blocks.Where(block => block.IsWeb),
            block => Assert.Empty(new SampleProgram(block.Code, ["VlmSharp.Extensions.AI"], web: true).Faults));
    }

    /// <summary>A block of the docs stands alone or goes on from those before it, and has a model and a picture.</summary>
    [Theory, MemberData(nameof(Fragments))]
    public void The_fragments_of_a_page_compile(string path)
    {
        string[] products = [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "VlmSharp.*.dll")
            .Select(Path.GetFileNameWithoutExtension).OfType<string>()
            .Where(name => !name.EndsWith(".Tests", StringComparison.Ordinal) && name != "VlmSharp.Conformance")];
        string[] usings = [.. products.SelectMany(name => Assembly.Load(name).GetExportedTypes()).Select(type => type.Namespace!)
            .Where(name => name.StartsWith("VlmSharp", StringComparison.Ordinal)).Distinct()];
        string before = "";
        foreach (SampleBlock block in SamplePage.At(path).Blocks)
        {
            IReadOnlyList<string> alone = FaultsOf(block.Code), joined = FaultsOf(before + block.Code);
            Assert.True(alone.Count == 0 || joined.Count == 0, $"{path}, line {block.Line}:\n{string.Join('\n', joined)}");
            before += block.Code + '\n';
        }

        IReadOnlyList<string> FaultsOf(string code)
        {
            (string Name, string Declaration)[] given = [.. Known.Where(known => !Declaration(known.Name).IsMatch(code))];
            string use = $"_ = ({string.Join(", ", given.Select(known => known.Name))});"; // so that none is unused
            string program = string.Join('\n', [.. given.Select(known => known.Declaration), use, code]);
            return new SampleProgram(program, [.. products, "OpenAI"], moreUsings: usings).Faults;
        }
    }

    [Fact]
    public void A_sample_that_lacks_a_package_a_using_or_a_type_is_noticed()
    {
        string[] packages = ["VlmSharp.Imaging"];
        const string Good = "using VlmSharp.Imaging;\nConsole.WriteLine(new RgbImage(1, 1).Width);";
        Assert.Empty(new SampleProgram(Good, packages).Faults);
        AssertFault("CS0246", "using VlmSharp.Imaging;\nnew NoSuchThing();");
        AssertFault("CS0103", "var big = ImageFile.Load(\"x\").Width > 3;\nConsole.Write(big);");
        AssertFault("CS0234", "using VlmSharp.Cpu;\n" + Good);

        void AssertFault(string id, string code) =>
            Assert.StartsWith(id, Assert.Single(new SampleProgram(code, packages).Faults), StringComparison.Ordinal);
    }

    private static TheoryData<string> Under(string start) =>
        [.. SamplePage.All.Select(page => page.Path).Where(path => path.StartsWith(start, StringComparison.Ordinal))];

    private static Regex Declaration(string name) =>
        new($@"^(?:await )?(?:using )?(?:var|[A-Z][\w<>\[\]?]*) {name} =", RegexOptions.Multiline);
}
