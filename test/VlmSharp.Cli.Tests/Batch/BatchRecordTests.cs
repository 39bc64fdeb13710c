using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The records of <c>vlmsharp batch</c>: their order, ids, tasks, seeds, masks and errors.</summary>
public sealed class BatchRecordTests : BatchTests
{
    [Fact]
    public async Task Records_come_in_order_and_a_broken_picture_is_one_of_them()
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", Work());
        Assert.Equal(0, run.Code);
        Assert.Equal(40, run.Lines.Length);
        for (int i = 0; i < 40; i++)
        {
            using JsonDocument record = JsonDocument.Parse(run.Lines[i]);
            Assert.Equal(i, record.RootElement.GetProperty("index").GetInt32());
            Assert.Equal(i is 3 or 17 or 39, record.RootElement.TryGetProperty("error", out _));
            if (i % 5 == 0) Assert.Equal($"item {i}", record.RootElement.GetProperty("id").GetString());
        }

        Assert.Contains("40 of 40, 3 errors", run.Error, StringComparison.Ordinal);
        Run.Outcome alone = await Run.Vlmsharp("", "caption", "--json", "-q", Path.Combine(Samples, "cake.png"));
        using JsonDocument expected = JsonDocument.Parse(alone.Output),
            actual = JsonDocument.Parse(run.Lines.First(
                l => l.Contains("cake.png", StringComparison.Ordinal) && l.Contains("\"caption\"", StringComparison.Ordinal)));
        Assert.Equal(expected.RootElement.GetProperty("text").GetString(), actual.RootElement.GetProperty("text").GetString());
        Assert.Equal(expected.RootElement.GetProperty("logprobs").ToString(), actual.RootElement.GetProperty("logprobs").ToString());
    }

    [Fact]
    public async Task Every_task_is_answered_like_its_own_command()
    {
        string picture = Path.Combine(Samples, "car-key.png");
        string lines = $$"""
            {"image": "{{picture}}", "task": "detect", "things": "key"}
            {"image": "{{picture}}", "question": "what is below the car?"}
            {"image": "{{picture}}", "prompt": "caption en"}
            {"image": "{{picture}}", "task": "segment"}
            {"image": "{{picture}}", "task": "dream"}
            {"image": "{{picture}}", "task": "ask"}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q", "--task", "detect", "--no-masks");
        Assert.Equal((0, 6), (run.Code, run.Lines.Length));
        JsonElement[] records = [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        using JsonDocument alone = JsonDocument.Parse((await Run.Vlmsharp("", "detect", picture, "key", "--json", "-q")).Output);
        Assert.Equal(alone.RootElement.GetProperty("detections").ToString(), records[0].GetProperty("detections").ToString());
        Assert.NotEqual(0, records[0].GetProperty("detections").GetArrayLength());
        Assert.Equal("a key", records[1].GetProperty("text").GetString());
        Assert.Equal("generate", records[2].GetProperty("task").GetString());
        Assert.Contains("needs \"things\"", records[3].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("\"dream\" is unknown", records[4].GetProperty("error").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Contains("needs \"question\"", records[5].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_has_the_id_of_its_line_as_it_was_written()
    {
        string picture = Path.Combine(Samples, "cake.png");
        string lines = $$"""
            {"id": 12345678901234567890123, "image": "{{picture}}"}
            {"id": "7", "image": "{{picture}}"}
            {"id": 7, "image": "{{Out("missing.png")}}"}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q");
        string[] starts =
        [
            "{\"index\":0,\"id\":12345678901234567890123,\"task\"", "{\"index\":1,\"id\":\"7\",\"task\"", "{\"index\":2,\"id\":7,\"error\""
        ];
        foreach ((string start, string line) in starts.Zip(run.Lines)) Assert.StartsWith(start, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_gives_the_same_text_at_any_place_in_the_list()
    {
        string[] samples = [.. Directory.GetFiles(Samples, "*.png").Order(StringComparer.Ordinal)],
            sampling = ["--temperature", "2", "--seed", "7", "-q"];
        async Task<string[]> Texts(IEnumerable<string> lines)
        {
            Run.Outcome run = await Run.Vlmsharp(string.Join('\n', lines), ["batch", "-", .. sampling]);
            Assert.Equal(0, run.Code);
            return [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("token_ids").ToString())];
        }

        string[] texts = await Texts(samples), reversed = await Texts(samples.Reverse());
        Assert.Equal(texts, reversed.Reverse());
        Run.Outcome alone = await Run.Vlmsharp("", ["caption", samples[^1], "--json", .. sampling]);
        Assert.Equal(texts[^1], JsonDocument.Parse(alone.Output).RootElement.GetProperty("token_ids").ToString());
        string[] seeds = await Texts(Enumerable.Range(7, 4).Select(seed => $"{{\"image\": \"{samples[0]}\", \"seed\": {seed}}}"));
        Assert.Equal(texts[0], seeds[0]);
        Assert.NotEqual(1, seeds.Distinct().Count());
    }

    [Fact]
    public async Task A_line_that_segments_needs_the_mask_decoder_too()
    {
        string line = $"{{\"image\": \"{Path.Combine(Samples, "cake.png")}\", \"task\": \"segment\", \"things\": \"cake\"}}",
            decoder = Out("decoder.npz");
        Run.Outcome run = await Run.Vlmsharp(line, "batch", "-", "-q");
        Assert.Contains("--mask-decoder",
            JsonDocument.Parse(run.Output).RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, (await Run.Vlmsharp(line, "batch", "-", "--mask-decoder", decoder)).Code);

        MaskGoldens.WriteNpz(decoder);
        run = await Run.Vlmsharp(line, "batch", "-", "-q", "--mask-decoder", decoder);
        Assert.True(JsonDocument.Parse(run.Output).RootElement.GetProperty("detections")[0].TryGetProperty("mask", out _));
        run = await Run.Vlmsharp(line, "batch", "-", "-q", "--no-masks");
        Assert.False(JsonDocument.Parse(run.Output).RootElement.GetProperty("detections")[0].TryGetProperty("mask", out _));
    }

    [Fact]
    public async Task Every_record_that_is_an_error_says_what_kind()
    {
        File.WriteAllText(Out("broken.png"), "not a picture");
        string lines = $$"""
            {"image": ""}
            {"image": "{{Out("broken.png")}}"}
            {"image": "{{Path.Combine(Samples, "cake.png")}}", "task": "dream"}
            {"images": ["{{Path.Combine(Samples, "cake.png")}}", " "]}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q");
        Assert.Equal(65, run.Code); // all failed
        (string, string)[] expected =
        [
            ("invalid_line", "the name of a picture is empty"), ("invalid_image", "broken.png is not a picture"),
            ("invalid_request", "\"dream\" is unknown"), ("invalid_line", "the name of a picture is empty"),
        ];
        Assert.Equal(4, run.Lines.Length);
        foreach (((string type, string message), string line) in expected.Zip(run.Lines))
        {
            JsonElement error = JsonDocument.Parse(line).RootElement.GetProperty("error");
            Assert.Equal(type, error.GetProperty("type").GetString());
            Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }
}
