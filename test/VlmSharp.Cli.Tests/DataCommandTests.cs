using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp data</c>: its report on good and bad data, and the conversion of other formats.</summary>
public sealed class DataCommandTests : IDisposable
{
    private const string Good = """
        {"image": "a.png", "prefix": "caption en", "suffix": "a cake"}
        {"image": "a.png", "prefix": "detect cake", "suffix": "<loc0001><loc0002><loc0003><loc0004> cake"}
        """;

    private readonly TemporaryFolder folder = new();

    public DataCommandTests() => PngWriter.Save(new RgbImage(8, 6), folder.At("a.png"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Good_data_are_shown_in_tables()
    {
        Run.Outcome run =
            await Run.Vlmsharp("", "data", "validate", Write("train.jsonl", Good), "--model", GoldenFiles.DemoModel, "--text-length", "6");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal($"{folder.At("train.jsonl")}: prefix-suffix, 2 examples, 1 pictures", run.Lines[0]);
        Assert.Contains(run.Lines, line => Cells(line) is ["bad lines", "0", "0.0 %", ""]);
        Assert.Contains(run.Lines, line => Cells(line) is ["longer than 6 tokens", "2", "100.0 %", _]);
        Assert.Contains(run.Lines, line => Cells(line) is ["cake", "1", "100.0 %"]);
        Assert.Contains(run.Lines, line => Cells(line) is ["caption en", "1", "50.0 %"]);
        Assert.Equal("usable: 2 of 2 examples", run.Lines[^1]);
    }

    [Theory]
    [InlineData(
        Good + "\nnonsense\n{\"image\": \"gone.png\", \"suffix\": \"x\"}",
        "not usable as it is (bad lines 1, missing pictures 1): mend that, or train with --skip-bad on 2 of 4 examples")]
    [InlineData("{\"image\": \"gone.png\", \"suffix\": \"x\"}", "not usable: no example is left (missing pictures 1)")]
    public async Task The_last_line_of_bad_data_says_why(string lines, string verdict)
    {
        Run.Outcome run = await Run.Vlmsharp("", "data", "validate", Write("train.jsonl", lines));
        Assert.Equal((65, verdict), (run.Code, run.Lines[^1]));
    }

    [Fact]
    public async Task Bad_data_end_with_65_and_are_listed_in_json()
    {
        string path = Write("train.jsonl", Good + "\nnonsense\n{\"image\": \"gone.png\", \"suffix\": \"x\"}\n");
        Run.Outcome run = await Run.Vlmsharp("", "data", "validate", path, "--json", "--top", "1");
        Assert.Equal((65, ""), (run.Code, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement o = json.RootElement;
        Assert.Equal(
            (3, true, "prefix-suffix"),
            (o.GetProperty("examples").GetInt32(), o.GetProperty("bad").GetBoolean(), o.GetProperty("format").GetString()));
        Assert.Equal(2, o.GetProperty("usable").GetInt32());
        Assert.StartsWith($"{path}:3: ", o.GetProperty("bad_lines").GetProperty("first")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(0.5, o.GetProperty("missing_pictures").GetProperty("share").GetDouble());
        Assert.Equal(1, o.GetProperty("classes").GetProperty("count").GetInt32());
        Assert.Equal(
            (3, 1),
            (o.GetProperty("answers").GetProperty("distinct").GetInt32(), o.GetProperty("answers").GetProperty("top").GetArrayLength()));
        Assert.Equal(3, o.GetProperty("text_lengths").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Coco_becomes_lines()
    {
        string path = Write("instances.json", """
            {"images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 6}], "categories": [{"id": 1, "name": "cat"}],
             "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 6], "segmentation": [[0, 0, 4, 0, 4, 6, 0, 6]]},
              {"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 6], "iscrowd": 1}]}
            """), output = folder.At("out.jsonl");
        Run.Outcome run = await Run.Vlmsharp("", "data", "convert", path, "--out", output);
        Assert.Equal((0, "", $"{output}: 1 examples of coco-instances; left out: 1 crowds\n"), (run.Code, run.Output, run.Error));
        Assert.Equal(
            """{"id":"1","image":"a.png","prefix":"detect cat","suffix":"<loc0000><loc0000><loc1023><loc0512> cat"}""" + "\n",
            await File.ReadAllTextAsync(output));

        MaskGoldens.WriteSafetensors(folder.At("vae-oid.safetensors"));
        run = await Run.Vlmsharp(
            "", "data", "convert", path, "--out", output, "--mask-encoder", folder.At("vae-oid.safetensors"), "--prefix", "segment all");
        Assert.Equal(0, run.Code);
        Assert.Matches(
            """^\{"id":"1","image":"a.png","prefix":"segment all","suffix":"<loc0000><loc0000><loc1023><loc0512>(<seg\d{3}>){16}"""
                + """ cat"\}\n$""",
            await File.ReadAllTextAsync(output));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.partial"));
    }

    [Theory]
    [InlineData(4, "does not exist", "data", "validate", "gone.jsonl")]
    [InlineData(65, "in no known form", "data", "validate", "OTHER")]
    [InlineData(65, "a.png is a picture, and no training data: give a file with one JSON object a line", "data", "validate", "PICTURE")]
    [InlineData(65, "a.png is a picture, and no training data", "data", "validate", "PICTURE", "--format", "image-text")]
    [InlineData(65, "is a text that begins with 'A story'", "data", "validate", "STORY")]
    [InlineData(65, ":1: it names no picture", "data", "convert", "OTHER", "--format", "image-text", "-o", "OUT")]
    [InlineData(2, "'x' not recognized", "data", "validate", "GOOD", "--format", "x")]
    [InlineData(2, "give --model too", "data", "validate", "GOOD", "--text-length", "5")]
    [InlineData(2, "give at least 1", "data", "validate", "GOOD", "--model", "DEMO", "--text-length", "0")]
    [InlineData(2, "--top -1", "data", "validate", "GOOD", "--top", "-1")]
    [InlineData(2, "'--out' is required", "data", "convert", "GOOD")]
    [InlineData(3, "no-such.npz", "data", "convert", "GOOD", "-o", "OUT", "--mask-encoder", "no-such.npz")]
    [InlineData(4, "does not exist: create it", "data", "convert", "GOOD", "-o", "no-such-folder/x.jsonl")]
    public async Task Errors_have_their_codes(int code, string message, params string[] args)
    {
        string good = Write("good.jsonl", Good), other = Write("other.jsonl", """{"a": 1}""");
        Run.Outcome run = await Run.Vlmsharp("", [
            .. args.Select(arg =>
                arg switch
                {
                    "GOOD" => good, "OTHER" => other, "PICTURE" => folder.At("a.png"),
                    "STORY" => Write("story.txt", "A story\nof two lines\n"), "OUT" => folder.At("o.jsonl"),
                    "DEMO" => GoldenFiles.DemoModel, _ => arg
                })
        ]);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65, "data", "validate", "POINTER")]
    [InlineData(65, "data", "convert", "POINTER", "-o", "OUT")]
    [InlineData(65, "train", "--data", "POINTER", "--out", "OUT", "--steps", "1", "--lr", "1e-4")]
    [InlineData(65, "gradients", "--data", "POINTER", "--out", "OUT")]
    [InlineData(65, "eval", "POINTER", "--out", "OUT")]
    [InlineData(65, "eval", "coco-caption", "--annotations", "POINTER", "--out", "OUT")]
    [InlineData(65, "eval", "score", "vqa", "--predictions", "POINTER", "--references", "POINTER")]
    [InlineData(65, "eval", "score", "detect", "--predictions", "POINTER", "--references", "POINTER")]
    [InlineData(2, "batch", "POINTER")]
    [InlineData(4, "bench", "serve", "http://127.0.0.1:1", "--prompts", "POINTER")]
    public async Task A_pointer_of_git_lfs_in_the_place_of_data_is_called_so(int code, params string[] args)
    {
        string pointer = Write("train.jsonl", "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 12345\n");
        string[] words = [.. args.Select(arg => arg switch { "POINTER" => pointer, "OUT" => folder.At("out"), _ => arg })];
        Run.Outcome run = await Run.Vlmsharp("", words);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.StartsWith($"vlmsharp: {pointer} is a git-lfs pointer and not the file itself: install git-lfs and run 'git lfs pull'",
            run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Converted_data_go_to_standard_output_and_name_pictures_from_the_working_folder()
    {
        string path = Write("train.jsonl", Good);
        string[] words = [Tool.Vlmsharp, "data", "convert", path, "-o"];
        (int code, string output, string error) = await Tool.RunAsync("dotnet", [.. words, "-"], folder.Path);
        Assert.Equal((0, "standard output: 2 examples of prefix-suffix\n"), (code, error));
        Assert.Equal(0, (await Tool.RunAsync("dotnet", [.. words, "copy.jsonl"], folder.Path)).Code);
        Assert.Equal(await File.ReadAllTextAsync(folder.At("copy.jsonl")), output);
        Assert.False(File.Exists(folder.At("-")));
    }

    private string Write(string name, string text) => folder.Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    private static string[] Cells(string line) => [.. line.Trim('\u2502').Split('\u2502').Select(cell => cell.Trim())];
}
