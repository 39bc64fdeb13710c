using System.CommandLine;
using System.Text.Json;
using VlmSharp.Cli.Options;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Tests;

/// <summary>Pictures that come through pipes, and words that look like something else.</summary>
public sealed class StandardInputTests : IDisposable
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
    private static readonly byte[] CakeBytes = File.ReadAllBytes(Cake);
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("caption", "PIC", "-q")]
    [InlineData("ask", "PIC", "what is in the picture?", "-q")]
    [InlineData("ask", "PIC", "what is it?", "--image", "PIC", "-q")]
    [InlineData("detect", "PIC", "cake", "-q")]
    [InlineData("generate", "--image", "PIC", "--prompt", "caption en", "-q")]
    [InlineData("explain", "PIC", "caption", "--out", "-", "-q")]
    [InlineData("ablate", "PIC", "caption", "--only", "causal", "-q")]
    [InlineData("preprocess", "PIC", "-s", "0", "-o", "FILE")]
    [InlineData("trace", "--image", "PIC", "--prompt", "caption en", "-n", "1", "--out", "FILE")]
    public async Task A_picture_on_standard_input_is_one_picture(params string[] command)
    {
        string[] Words(string picture, string file) =>
            [.. command.Select(word => word switch { "PIC" => picture, "FILE" => scratch.At(file), _ => word })];
        Run.Outcome piped = await Run.Vlmsharp(CakeBytes, Words("-", "piped")), expected = await Run.Vlmsharp("", Words(Cake, "named"));
        Assert.Equal((0, ""), (piped.Code, piped.Error));
        Assert.Equal(Plain(expected.Output), Plain(piped.Output));
        if (command[^1] == "FILE") Assert.Equal(File.ReadAllBytes(scratch.At("named")), File.ReadAllBytes(scratch.At("piped")));
    }

    [Fact]
    public async Task Standard_input_without_anything_and_git_lfs_pointers_are_errors()
    {
        Run.Outcome empty = await Run.Vlmsharp("", "caption", "-");
        Assert.Equal(2, empty.Code);
        Assert.Contains("Standard input is empty: give it a picture, or a list", empty.Error, StringComparison.Ordinal);
        byte[] pointer = [.. "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 12345\n"u8];
        foreach (string command in (string[])["caption", "batch"])
        {
            Run.Outcome lfs = await Run.Vlmsharp(pointer, command, "-");
            Assert.Equal((2, ""), (lfs.Code, lfs.Output));
            Assert.Contains("Standard input is a git-lfs pointer and not the file itself", lfs.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_question_may_look_like_a_switch_of_Windows_and_may_not_be_blank()
    {
        Run.Outcome asked = await Run.Vlmsharp("", "ask", Cake, "/?", "-q");
        Assert.Equal(0, asked.Code);
        Assert.DoesNotContain("Usage:", asked.Output, StringComparison.Ordinal);
        foreach (string[] words in (string[][])[["ask", Cake, " "], ["batch", Cake, "--task", "ask", "--question", ""]])
            Assert.Contains("give a question", (await Run.Vlmsharp("", words)).Error, StringComparison.Ordinal);
    }

    // A page tells how long it took.
    private static string Plain(string output) => output.StartsWith("<!", StringComparison.Ordinal) ? "a page" : output;

    [Theory]
    [InlineData("tokenize")]
    [InlineData("caption -")]
    [InlineData("batch -")]
    [InlineData("preprocess - -o x.png")]
    [InlineData("caption /dev/stdin")]
    [InlineData("generate --image=/dev/fd/0 --prompt x")]
    [InlineData("caption /proc/thread-self/fd/0")]
    [InlineData("data validate link")]
    public async Task Closed_standard_input_is_an_error_at_once(string command)
    {
        if (OperatingSystem.IsWindows()) return;
        File.CreateSymbolicLink(scratch.At("link"), "/dev/stdin");
        (int code, string output, string error) = await Tool.RunAsync(
            "timeout", ["60", "/bin/sh", "-c", $"exec dotnet '{Tool.Vlmsharp}' {command} <&-"], scratch.Path);
        Assert.Equal((2, "", "vlmsharp: Standard input is closed, and this command reads it: give it a file (< FILE) or a pipe.\n"),
            (code, output, error));
    }

    [Theory]
    [InlineData("tokenize")]
    [InlineData("caption -")]
    [InlineData("batch -")]
    [InlineData("batch /dev/stdin")]
    public async Task A_folder_as_standard_input_is_called_so(string command)
    {
        if (!OperatingSystem.IsLinux()) return;
        (int code, string output, string error) = await Tool.RunAsync(
            "/bin/sh", ["-c", $"exec dotnet '{Tool.Vlmsharp}' {command} < ."], scratch.Path);
        Assert.Equal((2, "", "vlmsharp: Standard input is a folder, and this command reads a file from it: give it a file (< FILE) or a "
            + "pipe; 'vlmsharp batch FOLDER' takes the pictures of a folder.\n"), (code, output, error));
    }

    [Fact]
    public async Task What_does_not_read_standard_input_needs_none()
    {
        if (OperatingSystem.IsWindows()) return;
        (int code, string output, string error) = await Tool.RunAsync(
            "/bin/sh", ["-c", $"exec dotnet '{Tool.Vlmsharp}' caption -q '{Cake}' <&-"]);
        Assert.Equal((0, "a cake\n", ""), (code, output, error));
        (code, output, error) = await Tool.RunAsync(
            "/bin/sh", ["-c", $"exec dotnet '{Tool.Vlmsharp}' caption - </dev/null"]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("Standard input is empty", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_and_files_name_a_picture_on_standard_input()
    {
        Run.Outcome run = await Run.Vlmsharp(CakeBytes, "detect", "-", "cake", "--json", "-q", "--draw", scratch.At("{name}.png"));
        Assert.Equal("[\"-\"]", JsonDocument.Parse(run.Output).RootElement.GetProperty("images").GetRawText());
        Assert.True(File.Exists(scratch.At("stdin.png")));
    }

    [Fact]
    public async Task What_is_no_picture_and_no_list_is_said_to_be_so()
    {
        Run.Outcome run = await Run.Vlmsharp([0, 0, 0, 24, .. "ftypheic"u8], "caption", "-");
        Assert.Equal((4, "vlmsharp: Standard input is in the HEIC format, which VlmSharp does not read; convert it to PNG or JPEG.\n"),
            (run.Code, run.Error));
        run = await Run.Vlmsharp([0x1f, 0x8b, 8, 0], "caption", "-");
        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Contains("Standard input is packed (gzip)", run.Error, StringComparison.Ordinal);
        run = await Run.Vlmsharp(CakeBytes[..200], "caption", "-");
        Assert.Equal((4, ""), (run.Code, run.Output));
        Assert.Contains("Standard input is a truncated PNG", run.Error, StringComparison.Ordinal);
        run = await Run.Vlmsharp(CakeBytes, "tokenize");
        Assert.Equal(2, run.Code);
        Assert.Contains("Standard input is a picture, and a list of text is read here", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_of_a_list_is_a_path_even_when_it_is_a_dash()
    {
        Run.Outcome run = await Run.Vlmsharp($"-\n{Cake}\n", "caption", "-q", "-");
        Assert.Equal((4, $"{Cake}: a cake\n"), (run.Code, run.Output));
        Assert.Contains("./- does not exist", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_pipe_is_a_picture_too()
    {
        if (OperatingSystem.IsWindows()) return;
        (int code, string output, string error) = await Tool.RunAsync("/bin/bash", ["-c", $"dotnet '{Tool.Vlmsharp}' caption -q <(cat "
            + $"'{Cake}')"]);
        Assert.Equal((0, "a cake\n", ""), (code, output, error));
    }

    [Fact]
    public async Task Behind_two_dashes_no_word_is_an_option()
    {
        File.Copy(Cake, scratch.At("--cake.png"));
        string[][] commands =
        [
            ["caption", "-q", "--", "--cake.png"], ["ask", "-q", "--", "--cake.png", "-what is it?"],
            ["detect", "-q", "--", "--cake.png", "-cake"],
        ];
        foreach (string[] words in commands)
        {
            (int code, _, string error) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, .. words], scratch.Path);
            Assert.Equal((0, ""), (code, error));
        }

        Run.Outcome run = await Run.Vlmsharp("", "caption", "--", "--no-such.png");
        Assert.Equal(4, run.Code);
        Assert.StartsWith("vlmsharp: --no-such.png does not exist", run.Error, StringComparison.Ordinal);
        run = await Run.Vlmsharp("", "caption", "--no-such.png", "--", Cake);
        Assert.Equal(2, run.Code);
    }

    [Theory]
    [InlineData("vlmsharp: --seed 7 changes nothing, since nothing is drawn: add --temperature, --top-k, --top-p or --min-p.\n",
        "--seed", "7")]
    [InlineData("vlmsharp: --max-new-tokens 5000 is cut to 444: the prompt has 68 tokens, pictures included, and the model's context "
        + "512.\n", "-n", "5000")]
    [InlineData("", "--seed", "7", "--top-k", "1")]
    [InlineData("", "-n", "100")]
    public async Task What_has_no_effect_is_said(string note, params string[] options)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["generate", "--image", Cake, "--prompt", "caption en", .. options]);
        Assert.Equal((0, "a cake\n"), (run.Code, run.Output));
        Assert.Equal(note, run.Error[..run.Error.IndexOf("load ", StringComparison.Ordinal)]);
        Assert.Equal("", (await Run.Vlmsharp("", ["generate", "--image", Cake, "--prompt", "caption en", "-q", .. options])).Error);
    }

    [Fact]
    public async Task A_batch_says_it_too()
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", Cake, "--seed", "7", "-n", "5000");
        Assert.StartsWith("vlmsharp: --seed 7 changes nothing", run.Error, StringComparison.Ordinal);
        Assert.Contains("--max-new-tokens 5000 is cut to 448 or less: the prompt has 64 tokens or more", run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Placeholders_of_transformers_are_dropped_and_others_are_told()
    {
        async Task<(string Ids, string Error)> Ids(string prompt, params string[] options)
        {
            Run.Outcome run = await Run.Vlmsharp("", ["generate", "--image", Cake, "--json", "--prompt", prompt, .. options]);
            JsonElement o = JsonDocument.Parse(run.Output).RootElement;
            return ($"{o.GetProperty("prompt_tokens")}: {o.GetProperty("logprobs")}", run.Error);
        }

        (string expected, string error) = await Ids("caption en");
        Assert.Equal((expected, true), ((await Ids("<image>caption en")).Ids, error.StartsWith("load ", StringComparison.Ordinal)));
        Assert.Equal(expected, (await Ids(string.Concat(Enumerable.Repeat("<image>", 64)) + "<bos>caption en\n")).Ids);
        (string other, error) = await Ids("<image><image>caption en");
        Assert.NotEqual(expected, other);
        Assert.StartsWith("vlmsharp: <image> in the prompt is read as text", error, StringComparison.Ordinal);
        foreach (string begun in (string[])["<bos>caption en", "<image><bos>caption en"]) // to transformers' processor two of them
        {
            (other, error) = await Ids(begun);
            Assert.NotEqual(expected, other);
            Assert.StartsWith("vlmsharp: <bos> in the prompt is read as text", error, StringComparison.Ordinal);
        }

        error = (await Run.Vlmsharp("", ["ask", Cake, "<bos>what is it?"])).Error; // here behind the words of the task
        Assert.StartsWith("vlmsharp: <bos> in the prompt is read as text", error, StringComparison.Ordinal);
        Assert.StartsWith("load ", (await Ids("<image>caption en", "--trust-control-tokens")).Error, StringComparison.Ordinal);
    }

    /// <summary>Each command that takes a prompt, and its options that keep it quick.</summary>
    [Theory]
    [InlineData("generate", "--image", "CAKE", "--prompt", "PROMPT")]
    [InlineData("ask", "CAKE", "PROMPT")]
    [InlineData("explain", "CAKE", "PROMPT", "--out", "FILE")]
    [InlineData("ablate", "CAKE", "PROMPT", "--only", "causal")]
    [InlineData("trace", "--image", "CAKE", "--prompt", "PROMPT", "--out", "FILE")]
    [InlineData("bench", "--image", "CAKE", "--prompt", "PROMPT", "--repeat", "1", "-n", "2")]
    [InlineData("batch", "CAKE", "CAKE", "--task", "generate", "--prompt", "PROMPT")]
    [InlineData("batch", "LIST")]
    [InlineData("eval", "DATA", "--out", "FILE")]
    public async Task That_a_placeholder_is_text_is_said_once_wherever_a_prompt_is_taken(params string[] command)
    {
        string[] Words(string prompt, string file)
        {
            string line = $$"""{"image": {{JsonSerializer.Serialize(Cake)}}, "prompt": "{{prompt}}"}""";
            string data = $$"""{"image": {{JsonSerializer.Serialize(Cake)}}, "prefix": "{{prompt}}", "suffix": "a cake"}""";
            File.WriteAllText(scratch.At("list"), $"{line}\n{line}\n");
            File.WriteAllText(scratch.At("data"), $"{data}\n{data}\n");
            return [.. command.Select(word => word switch
            {
                "CAKE" => Cake, "PROMPT" => prompt, "FILE" => scratch.At(file), "LIST" => scratch.At("list"), "DATA" => scratch.At("data"),
                _ => word,
            })];
        }

        Run.Outcome run = await Run.Vlmsharp("", Words("what is <image>?", "text.html"));
        Assert.Equal(0, run.Code);
        const string note = "vlmsharp: <image> in the prompt is read as text";
        Assert.Single(run.Error.Split('\n'), line => line.StartsWith(note, StringComparison.Ordinal));
        run = await Run.Vlmsharp("", Words("<image>caption en", "dropped.html"));
        Assert.Equal(command[0] != "ask", !run.Error.Contains("<image>", StringComparison.Ordinal)); // its own words stand in front
    }

    [Theory]
    [InlineData("explain", "CAKE", "PROMPT", "--out", "FILE")]
    [InlineData("ablate", "CAKE", "PROMPT", "--only", "causal")]
    [InlineData("trace", "--image", "CAKE", "--prompt", "PROMPT", "--out", "FILE")]
    public async Task A_limit_beyond_the_context_is_said_wherever_there_is_one(params string[] command)
    {
        string prompt = string.Concat(Enumerable.Repeat("cake ", 440)).TrimEnd();
        Run.Outcome run = await Run.Vlmsharp("", [
            .. command.Select(word => word switch { "CAKE" => Cake, "PROMPT" => prompt, "FILE" => scratch.At("x.html"), _ => word }),
            "-n", "60",
        ]);
        Assert.Equal(0, run.Code);
        Assert.Matches("vlmsharp: --max-new-tokens 60 is cut to [0-9]+: the prompt has [0-9]+ tokens, pictures included, and the model's "
            + "context 512\\.\n", run.Error);
        if (command[0] != "ablate") return;
        run = await Run.Vlmsharp("", "ablate", Cake, prompt, "--only", "causal", "-n", "60", "--quiet");
        Assert.Equal((0, ""), (run.Code, run.Error));
    }

    [Fact]
    public void Options_from_elsewhere_may_begin_with_an_at_sign()
    {
        var greeting = new Option<string?>("--greeting");
        var config = new Option<string?>("--config");
        var command = new Command("greet") { greeting, config };
        Assert.Equal("@alice", EnvironmentOptions.Merge(command, command.Parse([]), name => name == "VLMSHARP_GREETING" ? "@alice"
            : null).GetValue(greeting));
        File.WriteAllText(scratch.At("c.json"), """{"greeting": "@bob"}""");
        Assert.Equal("@bob", ConfigFile.Merge(command, command.Parse(["--config", scratch.At("c.json")]), config).GetValue(greeting));
    }

    [Fact]
    public async Task The_name_of_the_file_chooses_the_format()
    {
        Assert.Equal(0, (await Run.Vlmsharp("", "preprocess", Cake, "-o", scratch.At("x.png"))).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", "preprocess", Cake, "-o", scratch.At("x.ppm"))).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", "preprocess", Cake, "-o", scratch.At("x.raw"))).Code);
        Assert.Equal((byte)0x89, File.ReadAllBytes(scratch.At("x.png"))[0]);
        Assert.Equal(ImageFile.Load(scratch.At("x.png")).Pixels, ImageFile.Load(scratch.At("x.ppm")).Pixels);
        Assert.Equal(224 * 224 * 3, new FileInfo(scratch.At("x.raw")).Length);
    }
}
