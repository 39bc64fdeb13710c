using System.Globalization;
using VlmSharp.Conformance;

namespace VlmSharp.Samples.Tests;

/// <summary>The programs of the front page and of the packages' pages do what they say, with the demo model for a published one.</summary>
[Collection(nameof(Console))]
public sealed class RunTests
{
    private static string Demo(string code, string picture) => code
        .Replace("\"paligemma-3b-mix-224\"", $"@\"{GoldenFiles.DemoModel}\"", StringComparison.Ordinal)
        .Replace("\"photo.jpg\"", $"@\"{Path.Combine(GoldenFiles.Root, "demo", "samples", picture)}\"", StringComparison.Ordinal);

    [Fact]
    public async Task The_front_page_s_first_program_captions_a_picture()
    {
        string code = Demo(SamplePage.At("README.md").Blocks[0].Code, "cake.png");
        Assert.Equal("a cake", await PrintedAsync(new SampleProgram(code, ["VlmSharp.Cpu"])));
    }

    [Fact]
    public async Task The_front_page_s_tasks_find_things()
    {
        IEnumerable<SampleBlock> blocks = SamplePage.At("README.md").Blocks.Where(block => !block.IsWeb);
        string code = string.Join('\n', blocks.Select(block => Demo(block.Code, "sun.png")))
            .Replace("\"cow\", \"dog\"", "\"sun\"", StringComparison.Ordinal);
        string[] lines = (await PrintedAsync(new SampleProgram(code, ["VlmSharp.Cpu"]))).Split('\n');
        Assert.Equal(2, lines.Count(line => line.Contains("sun at ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_chat_client_s_program_answers_and_counts()
    {
        SamplePage page = SamplePage.At("VlmSharp.Extensions.AI/README.md");
        var program = new SampleProgram(Demo(page.Blocks[0].Code, "cake.png"), page.Packages);
        Assert.Equal("a cake (3 tokens)", await PrintedAsync(program));
    }

    [Fact]
    public async Task The_tokenizer_s_program_counts_and_cuts()
    {
        SamplePage page = SamplePage.At("VlmSharp.Extensions.AI/README.md");
        string[] lines = (await PrintedAsync(new SampleProgram(Demo(page.Blocks[1].Code, "cake.png"), page.Packages))).Split('\n');
        Assert.Equal(lines.Length - 2, int.Parse(lines[0], CultureInfo.InvariantCulture));
        Assert.Equal(
            "answer en where is the cow standing, and what is behind it?",
            string.Concat(lines[1..^1].Select(line => line[(line.IndexOf('\'', StringComparison.Ordinal) + 1)..^1])));
        Assert.StartsWith("the first 8 tokens: answer en", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_metrics_program_runs()
    {
        SamplePage page = SamplePage.At("VlmSharp.Evaluation/README.md");
        Assert.StartsWith("BLEU-4 ", await PrintedAsync(new SampleProgram(page.Blocks[0].Code, page.Packages)), StringComparison.Ordinal);
    }

    /// <summary>What a program wrote to standard output.</summary>
    private static async Task<string> PrintedAsync(SampleProgram program)
    {
        TextWriter before = Console.Out;
        using var text = new StringWriter();
        Console.SetOut(text);
        try
        {
            await program.RunAsync();
        }
        finally
        {
            Console.SetOut(before);
        }
        return text.ToString().ReplaceLineEndings("\n").Trim();
    }
}
