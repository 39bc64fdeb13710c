using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp eval score detect</c>: the contract of its JSON, its tables and its errors.</summary>
public sealed class EvalScoreDetectTests : IDisposable
{
    private static readonly string[] Members =
        ["ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The cases of test/golden/metrics/coco_map.json in COCO's own files.</summary>
    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public async Task Json_has_the_twelve_figures_of_the_reference(int index)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "coco_map.json")));
        JsonElement c = golden.RootElement.GetProperty("cases")[index];
        Run.Outcome run =
            await Run.Vlmsharp("", "eval", "score", "detect", "--predictions", Predictions(c), "--references", References(c), "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument json = JsonDocument.Parse(Assert.Single(run.Lines));
        Assert.Equal(Members, json.RootElement.EnumerateObject().Select(member => member.Name));
        double[] expected = [.. c.GetProperty("expected").EnumerateObject().Select(member => member.Value.GetDouble())];
        Assert.All(expected.Zip(json.RootElement.EnumerateObject()), pair => Assert.Equal(pair.First, pair.Second.Value.GetDouble(), 1e-9));
    }

    [Fact]
    public async Task Tables_have_sizes_and_categories_and_records_tell_how_each_box_was_matched()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "coco_map.json")));
        JsonElement c = golden.RootElement.GetProperty("cases")[0];
        string records = folder.At("judged.jsonl");
        Run.Outcome run = await Run.Vlmsharp(
            "", "eval", "score", "detect", "--predictions", Predictions(c), "--references", References(c), "--records", records);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal("2 images, 4 things, 6 detections", run.Lines[0]);
        Assert.Contains(run.Lines, line => Cells(line) is ["all", "0.2505", "0.4171", "0.2500", "0.1167", "0.3167", "0.3167"]);
        Assert.Contains(run.Lines, line => Cells(line) is ["large", "0.8000", _, _, _, _, "0.9000"]);
        Assert.Contains(run.Lines, line => Cells(line) is ["name of 1", "3", "5", "0.5010", "0.8342", "0.5000", "0.6333"]);
        Assert.Contains(run.Lines, line => Cells(line) is ["name of 2", "1", "1", "0.0000", "0.0000", "0.0000", "0.0000"]);

        string[] lines = await File.ReadAllLinesAsync(records);
        Assert.Equal(3, lines.Length);
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal(
            ("1", "1", 2),
            (
                first.RootElement.GetProperty("image_id").GetString(),
                first.RootElement.GetProperty("category_id").GetString(),
                first.RootElement.GetProperty("things").GetProperty("all").GetInt32()));
        JsonElement[] boxes = [.. first.RootElement.GetProperty("detections").EnumerateArray()];
        Assert.Equal([0.9, 0.8, 0.7], boxes.Select(box => box.GetProperty("score").GetDouble()));
        Assert.Equal("1111111000", boxes[0].GetProperty("all").GetString()); // IoU 0.818
        Assert.Equal("----------", boxes[1].GetProperty("small").GetString());
    }

    [Fact]
    public async Task Unknown_images_end_with_65_and_are_named()
    {
        File.WriteAllText(folder.At("p.json"), """[{"image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]""");
        File.WriteAllText(folder.At("r.json"), """{"images": [{"id": 1}], "annotations": []}""");
        Run.Outcome run = await Run.Vlmsharp(
            "", "eval", "score", "detect", "--predictions", folder.At("p.json"), "--references", folder.At("r.json"));
        Assert.Equal((65, ""), (run.Code, run.Output));
        Assert.Contains("detections of images that", run.Error, StringComparison.Ordinal);
        Assert.Contains(": 9.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--predictions", "p.json")]
    [InlineData(2, "--predictions", "", "--references", "r.json")]
    [InlineData(4, "--predictions", "/no/p.json", "--references", "/no/r.json")]
    [InlineData(4, "--predictions", "/no/p.json", "--references", "/no/r.json", "--records", "/no/folder/x.jsonl")]
    public async Task Wrong_calls_have_their_exit_codes(int code, params string[] arguments)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["eval", "score", "detect", .. arguments]);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.NotEqual("", run.Error);
    }

    private string Predictions(JsonElement c) => Write("predictions.json", json =>
    {
        json.WriteStartArray();
        foreach (JsonElement o in c.GetProperty("dt").EnumerateArray()) WriteBox(json, o);
        json.WriteEndArray();
    });

    private string References(JsonElement c) => Write("references.json", json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("annotations");
        foreach (JsonElement o in c.GetProperty("gt").EnumerateArray()) WriteBox(json, o);
        json.WriteEndArray();
        json.WriteStartArray("images");
        foreach (JsonElement id in c.GetProperty("images").EnumerateArray())
        {
            json.WriteStartObject();
            json.WriteNumber("id", id.GetInt32());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("categories");
        foreach (JsonElement id in c.GetProperty("categories").EnumerateArray())
        {
            json.WriteStartObject();
            json.WriteNumber("id", id.GetInt32());
            json.WriteString("name", $"name of {id.GetInt32()}");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteBox(Utf8JsonWriter json, JsonElement o)
    {
        json.WriteStartObject();
        foreach (JsonProperty member in o.EnumerateObject())
        {
            json.WritePropertyName(member.Name switch { "image" => "image_id", "cat" => "category_id", _ => member.Name });
            member.Value.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private string Write(string name, Action<Utf8JsonWriter> write)
    {
        string path = folder.At(name);
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file);
        write(json);
        return path;
    }

    private static string[] Cells(string line) => [.. line.Trim('│').Split('│').Select(cell => cell.Trim())];
}
