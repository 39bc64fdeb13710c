using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Cli.Tests;

/// <summary>
/// The front page and the pages of <c>docs/tasks</c>: their commands print what stands below them, and make the pictures that they show.
/// </summary>
public sealed partial class TaskPagesTests : IDisposable
{
    private static readonly string Pages = Path.Combine(GoldenFiles.Root, "docs", "tasks");
    private readonly string scratch = Directory.CreateTempSubdirectory("vlmsharp-docs-").FullName;

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    [Theory, InlineData("caption"), InlineData("ask"), InlineData("detect")]
    public async Task Commands_do_what_the_page_says(string page)
    {
        int commands = await RunCommandsAsync(Path.Combine(Pages, $"{page}.md"));
        Assert.True(commands >= 2, $"{page}.md has {commands} commands.");
        AssertSamePicture($"{page}.png");
    }

    [Fact]
    public async Task The_front_page_s_commands_do_what_it_says() =>
        Assert.InRange(await RunCommandsAsync(Path.Combine(GoldenFiles.Root, "README.md")), 3, 10);

    /// <summary>The first command of the front page, which is there before there is a command of the name vlmsharp.</summary>
    [Fact]
    public async Task The_front_page_s_first_command_prints_what_it_says()
    {
        string text = await File.ReadAllTextAsync(Path.Combine(GoldenFiles.Root, "README.md"));
        Match first = FirstCommand().Match(text);
        Assert.True(first.Success, "README.md has no first command with its output.");
        Run.Outcome run = await Run.Vlmsharp("", Arguments("vlmsharp " + first.Groups[1].Value));
        Assert.Equal((0, first.Groups[2].Value), (run.Code, run.Output.TrimEnd('\n')));
    }

    /// <summary>The lines of C# on the page.</summary>
    [Fact]
    public async Task The_picture_of_segment_is_what_its_lines_draw()
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Pages, "segment.md"));
        string[] lines =
        [
            "Math.Clamp((22 - MathF.Sqrt(MathF.Pow(i % 64 - 31.5f, 2) + MathF.Pow(i / 64 - 31.5f, 2))) / 2, -1, 1)",
            "d with { Mask = new SegmentationMask(disc, d.Box, picture.Width, picture.Height) }",
        ];
        Assert.All(lines, line => Assert.Contains(line, text, StringComparison.Ordinal));

        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        RgbImage picture = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "sun.png"));
        float[] disc = [.. Enumerable.Range(0, 64 * 64)
            .Select(i => Math.Clamp((22 - MathF.Sqrt(MathF.Pow(i % 64 - 31.5f, 2) + MathF.Pow(i / 64 - 31.5f, 2))) / 2, -1, 1))];
        TaskResult suns = new TaskRunner(model).Run(VisionTask.Detect("sun"), picture);
        Detection[] shown = [.. suns.Detections
            .Select(d => d with { Mask = new SegmentationMask(disc, d.Box, picture.Width, picture.Height) })];
        PngWriter.Save(DetectionOverlay.Draw(picture, shown), Path.Combine(scratch, "segment.png"));
        AssertSamePicture("segment.png");
    }

    [Fact]
    public void Pictures_are_small()
    {
        foreach (string file in Directory.EnumerateFiles(Pages, "*.png")) Assert.InRange(new FileInfo(file).Length, 1, 60_000);
    }

    /// <summary>Runs the commands of a page's consoles and holds what they print against the lines below them.</summary>
    /// <returns>How many there are.</returns>
    private async Task<int> RunCommandsAsync(string page)
    {
        int commands = 0;
        foreach (Match block in ConsoleBlock().Matches(await File.ReadAllTextAsync(page)))
            foreach (string command in block.Groups[1].Value.Split("$ ", StringSplitOptions.RemoveEmptyEntries))
            {
                string[] lines = command.TrimEnd('\n').Split('\n');
                Run.Outcome run = await Run.Vlmsharp("", Arguments(lines[0]));
                Assert.Equal(0, run.Code);
                string[] printed = run.Output.Length == 0 ? [] : run.Lines;
                Assert.Equal(lines[1..].Length, printed.Length);
                foreach ((string expected, string actual) in lines[1..].Zip(printed)) AssertSame(expected, actual);
                commands++;
            }

        return commands;
    }

    /// <summary>The words of a command line, with paths in the repository. Its output files go to another folder.</summary>
    private string[] Arguments(string line)
    {
        string[] words = [.. Word().Matches(line).Select(m => m.Groups[1].Success ? m.Groups[1].Value : m.Value)];
        Assert.Equal("vlmsharp", words[0]);
        return [.. words[1..].Select(w => w.StartsWith("demo/", StringComparison.Ordinal) ? Path.Combine(GoldenFiles.Root, w)
            : w.StartsWith("docs/tasks/", StringComparison.Ordinal) ? Path.Combine(scratch, Path.GetFileName(w)) : w)];
    }

    /// <summary>Equal except for the last digit of a score, which depends on the order of additions.</summary>
    private static void AssertSame(string expected, string actual)
    {
        (string[] e, string[] a) = (expected.Split('\t'), actual.Split('\t'));
        if (e.Length < 2)
        {
            Assert.Equal(expected, actual);
            return;
        }

        Assert.Equal([e[0], .. e[2..]], [a[0], .. a[2..]]);
        Assert.Equal(double.Parse(e[1], CultureInfo.InvariantCulture), double.Parse(a[1], CultureInfo.InvariantCulture), 0.0015);
    }

    private void AssertSamePicture(string name)
    {
        RgbImage expected = ImageFile.Load(Path.Combine(Pages, name)), actual = ImageFile.Load(Path.Combine(scratch, name));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.True(expected.Pixels.AsSpan().SequenceEqual(actual.Pixels), $"docs/tasks/{name} is not what the page's commands make.");
    }

    [GeneratedRegex("```console\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ConsoleBlock();

    [GeneratedRegex("^    dotnet run -c Release --project VlmSharp.Cli -- (.*)\n\nprints `([^`]*)`", RegexOptions.Multiline)]
    private static partial Regex FirstCommand();

    [GeneratedRegex("\"([^\"]*)\"|[^ ]+")]
    private static partial Regex Word();
}
