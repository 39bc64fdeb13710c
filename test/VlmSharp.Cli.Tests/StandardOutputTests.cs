using System.Text;
using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>Standard output given as the file to write, by its name or by a path such as <c>/dev/stdout</c>.</summary>
public sealed class StandardOutputTests : IDisposable
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    /// <summary>The words of a command line for the shell. RUN is a finished batch, DATA one example.</summary>
    private async Task<string> Words(string command, string output)
    {
        if (command.Contains("RUN", StringComparison.Ordinal) && !Directory.Exists(scratch.At("run")))
            Assert.Equal(0, (await Run.Vlmsharp("", "batch", Cake, "-q", "--out", scratch.At("run"))).Code);
        File.WriteAllText(
            scratch.At("data.jsonl"),
            $$"""{"image": {{JsonSerializer.Serialize(Cake)}}, "prefix": "caption en", "suffix": "a cake"}""" + "\n");
        return string.Join(' ', command.Split(' ').Select(word => word switch
        {
            "CAKE" => $"'{Cake}'",
            "DATA" => "data.jsonl",
            "RUN" => "run",
            "OUT" => output,
            _ => word,
        }));
    }

    private async Task<(int Code, string Output, string Errors)> Shell(string script) =>
        await Tool.RunAsync("/bin/bash", ["-c", script], scratch.Path);

    /// <summary>What is already in a file stays, and what follows is appended.</summary>
    [Theory]
    [InlineData("gradients --data DATA --out OUT")]
    [InlineData("trace --image CAKE --prompt x -n 1 --out OUT")]
    [InlineData("preprocess CAKE -o OUT")]
    [InlineData("data convert DATA --out OUT")]
    [InlineData("batch merge RUN --out OUT")]
    [InlineData("explain CAKE caption --out OUT")]
    public async Task Nothing_else_is_written_where_the_data_go(string command)
    {
        if (!OperatingSystem.IsLinux()) return;
        string file = await Words(command, command.StartsWith("explain", StringComparison.Ordinal) ? "x.html" : "x");
        Assert.Equal(0, (await Shell($"dotnet '{Tool.Vlmsharp}' {file}")).Code);
        File.CreateSymbolicLink(scratch.At("link"), "/dev/stdout");
        foreach (string output in (string[])["/dev/stdout", "/proc/thread-self/fd/1", "link"])
        {
            string named = $"dotnet '{Tool.Vlmsharp}' {await Words(command, output)}";
            Assert.Equal(0, (await Shell($"{{ printf before; {named}; }} > seen && printf after >> seen")).Code);
            byte[] seen = File.ReadAllBytes(scratch.At("seen"));
            Assert.Equal(0, (await Shell($"set -o pipefail; {named} | cat > piped")).Code);
            if (command.StartsWith("explain", StringComparison.Ordinal)) // a page tells how long it took
            {
                Assert.StartsWith("before<!", Encoding.UTF8.GetString(seen), StringComparison.Ordinal);
                Assert.EndsWith("</html>\nafter", Encoding.UTF8.GetString(seen), StringComparison.Ordinal);
                Assert.EndsWith("</html>\n", File.ReadAllText(scratch.At("piped")), StringComparison.Ordinal);
                continue;
            }

            byte[] expected = File.ReadAllBytes(scratch.At("x"));
            Assert.Equal([.. "before"u8, .. expected, .. "after"u8], seen);
            Assert.Equal(expected, File.ReadAllBytes(scratch.At("piped")));
        }
    }

    [Fact]
    public async Task The_loss_goes_to_standard_error_where_standard_output_has_the_gradients()
    {
        if (!OperatingSystem.IsLinux()) return;
        string words = await Words("gradients --data DATA --out OUT", "/dev/stdout");
        Assert.StartsWith("loss ", (await Shell($"dotnet '{Tool.Vlmsharp}' {words} > x")).Errors, StringComparison.Ordinal);
        words = await Words("gradients --data DATA --out OUT", "x");
        Assert.StartsWith("loss ", (await Shell($"dotnet '{Tool.Vlmsharp}' {words}")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("batch merge RUN")]
    [InlineData("batch merge RUN --out OUT")]
    [InlineData("gradients --data DATA --out OUT")]
    [InlineData("trace --image CAKE --prompt x -n 1 --out OUT")]
    [InlineData("preprocess CAKE -o OUT")]
    [InlineData("data convert DATA --out OUT")]
    [InlineData("explain CAKE caption -q --out OUT")]
    public async Task Closed_standard_output_is_an_error_whatever_its_name(string command)
    {
        if (!OperatingSystem.IsLinux()) return;
        (int code, _, string errors) = await Shell($"dotnet '{Tool.Vlmsharp}' {await Words(command, "/dev/stdout")} >&-");
        Assert.Equal((4, "vlmsharp: standard output cannot be written: it is closed.\n"), (code, errors));
    }

    [Theory]
    [InlineData("--draw", "detect", "CAKE", "cake")]
    [InlineData("--mask", "segment", "CAKE", "cake")]
    [InlineData("--html", "ablate", "CAKE", "caption")]
    [InlineData("--svg", "bench")]
    public async Task A_file_beside_text_is_not_written_to_standard_output(string option, params string[] command)
    {
        string[] words = [.. command.Select(word => word == "CAKE" ? Cake : word), option, "/dev/stdout"];
        Run.Outcome run = await Run.Vlmsharp("", words);
        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Equal($"vlmsharp: {option} /dev/stdout: the command prints text there; give a file's name.\n", run.Error);
    }
}
