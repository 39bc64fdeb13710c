using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Server.Pictures;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;

namespace VlmSharp.Server.Tests.Native;

public sealed class NativeTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static JsonObject With(params (string Name, JsonNode? Value)[] members)
    {
        var body = new JsonObject { ["image"] = RunningServer.SampleUri };
        foreach ((string name, JsonNode? value) in members) body[name] = value?.DeepClone();
        return body;
    }

    private async Task<JsonNode> AskAsync(string path, JsonNode body)
    {
        using HttpResponseMessage response = await server.PostAsync(path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private async Task<JsonNode> FormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        foreach ((string name, string value) in fields) form.Add(new StringContent(value), name);
        form.Add(new ByteArrayContent(RunningServer.Sample), "image", "car.png");
        using HttpResponseMessage response = await server.Client.PostAsync(server.Server.Address + path, form);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    [Fact]
    public async Task A_caption_has_text_usage_and_times()
    {
        JsonNode answer = await AskAsync("/v1/caption", With());
        Assert.Equal("a car above a key", answer["text"]!.GetValue<string>());
        Assert.Equal(("caption", "caption en", "demo", "stop"), (Text("task"), Text("prompt"), Text("model"), Text("finish_reason")));
        Assert.Equal((224, 224), (answer["width"]!.GetValue<int>(), answer["height"]!.GetValue<int>()));
        Assert.Empty(answer["detections"]!.AsArray());
        Assert.Equal(server.Model.Config.Vision.Patches, answer["usage"]!["prompt_tokens_details"]!["image_tokens"]!.GetValue<int>());
        Assert.True(answer["timings"]!["total_ms"]!.GetValue<double>() >= answer["timings"]!["first_token_ms"]!.GetValue<double>());

        string Text(string name) => answer[name]!.GetValue<string>();
    }

    [Fact]
    public async Task A_form_is_answered_like_json()
    {
        Assert.Equal("a car above a key", (await FormAsync("/v1/caption"))["text"]!.GetValue<string>());
        Assert.Equal(
            "a key", (await FormAsync("/v1/ask", ("question", "what is below the car?"), ("max_tokens", "9")))["text"]!.GetValue<string>());
        Assert.Equal("a key", (await AskAsync("/v1/ask", With(("question", "what is below the car?"))))["text"]!.GetValue<string>());
        JsonNode form = await FormAsync("/v1/detect", ("things", "key ; car")),
            json = await AskAsync("/v1/detect", With(("things", new JsonArray("key", "car"))));
        Assert.Equal(json["detections"]!.ToJsonString(), form["detections"]!.ToJsonString());
    }

    [Fact]
    public async Task Boxes_are_in_pixels_and_equal_those_of_the_library()
    {
        TaskResult alone = new TaskRunner(server.Model).Run(VisionTask.Detect("key"), ImageFile.Decode(RunningServer.Sample));
        JsonNode found = Assert.Single((await AskAsync("/v1/detect", With(("things", "key"))))["detections"]!.AsArray())!;
        Box box = alone.Detections[0].Box;
        Assert.Equal(
            [box.Left, box.Top, box.Right, box.Bottom],
            found["box"]!.AsArray().Select(v => v!.GetValue<float>()),
            (a, b) => Math.Abs(a - b) < 1e-2);
        Assert.Equal("key", found["label"]!.GetValue<string>());
    }

    [Fact]
    public async Task Segment_gives_codes_and_masks_when_the_model_has_a_decoder()
    {
        JsonNode runs = await AskAsync("/v1/segment", With(("things", "key"))),
            png = await AskAsync("/v1/segment", With(("things", "key"), ("mask_format", "png")));
        JsonNode first = Assert.Single(runs["detections"]!.AsArray())!, second = Assert.Single(png["detections"]!.AsArray())!;
        Assert.Equal(16, first["mask_codes"]!.AsArray().Count);
        Assert.Equal(MaskDecoder.IsIn(GoldenFiles.DemoModel), first["mask"] is not null);
        if (first["mask"] is not { } mask) return;
        Assert.Equal([224, 224], mask["size"]!.AsArray().Select(v => v!.GetValue<int>()));
        byte[] file = Convert.FromBase64String(second["mask_png"]!.GetValue<string>()["data:image/png;base64,".Length..]);
        RgbImage picture = ImageFile.Decode(file);
        var expected = RunLengthMask.FromCompressed(224, 224, mask["counts"]!.GetValue<string>());
        Assert.Equal(expected.Area, Enumerable.Range(0, 224 * 224).Count(i => picture.Pixels[3 * i] == 255));
    }

    [Fact]
    public async Task A_prompt_goes_to_the_model_as_it_is()
    {
        JsonNode answer = await AskAsync("/v1/caption", With(("prompt", "answer en how many keys are there?")));
        Assert.Equal(
            ("answer en how many keys are there?", "1"), (answer["prompt"]!.GetValue<string>(), answer["text"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_stream_has_pieces_of_text_and_then_the_whole_answer()
    {
        List<string> events = await server.StreamAsync("/v1/caption", With(("stream", true)));
        Assert.Equal("[DONE]", events[^1]);
        JsonNode whole = JsonNode.Parse(events[^2])!;
        Assert.Equal("a car above a key", whole["text"]!.GetValue<string>());
        Assert.Equal(
            whole["text"]!.GetValue<string>(), string.Concat(events[..^2].Select(e => JsonNode.Parse(e)!["text"]!.GetValue<string>())));
    }

    [Fact]
    public async Task A_batch_answers_every_request_and_an_error_concerns_only_its_own()
    {
        var body = new JsonObject
        {
            ["requests"] = new JsonArray(
                With(("task", "caption")),
                With(("task", "detect"), ("things", "key")),
                With(("task", "dance")),
                new JsonObject { ["task"] = "caption" },
                With(("task", "ask"), ("question", "how many keys are there?")),
                new JsonObject { ["task"] = "caption", ["image"] = "data:image/png;base64,AAAA" }),
        };
        JsonArray results = (await AskAsync("/v1/batch", body))["results"]!.AsArray();
        Assert.Equal(
            ["a car above a key", null, null, null, "1", null],
            results.Select(r => r!["detections"] is JsonArray { Count: > 0 } ? null : r!["text"]?.GetValue<string>()));
        Assert.Equal("key", results[1]!["detections"]![0]!["label"]!.GetValue<string>());
        Assert.Equal(
            ["invalid_value", "missing_image", "invalid_image"],
            new[] { 2, 3, 5 }.Select(i => results[i]!["error"]!["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_pictures_of_a_batch_may_be_files_of_a_form()
    {
        using var form = new MultipartFormDataContent
        {
            {
                new StringContent("""[{"task":"caption","image":"attachment:one"},{"task":"caption","image":"attachment:none"}]"""),
                "requests"
            },
            { new ByteArrayContent(RunningServer.Sample), "one", "one.png" },
        };
        using HttpResponseMessage response = await server.Client.PostAsync(server.Server.Address + "/v1/batch", form);
        JsonArray results = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["results"]!.AsArray();
        Assert.Equal("a car above a key", results[0]!["text"]!.GetValue<string>());
        Assert.Equal("missing_attachment", results[1]!["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Text_is_tokenized_as_the_tokenizer_does()
    {
        JsonNode answer = await AskAsync("/v1/tokenize", new JsonObject { ["text"] = "a car <eos> 🚗" });
        int[] ids = server.Model.Tokenizer!.Encode("a car <eos> 🚗", ControlTokens.AsText);
        Assert.Equal(ids, answer["ids"]!.AsArray().Select(v => v!.GetValue<int>()));
        Assert.Equal(ids.Select(server.Model.Tokenizer.Piece), answer["tokens"]!.AsArray().Select(v => v!.GetValue<string>()));
        Assert.Equal(ids.Length, answer["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task An_explanation_is_a_page_without_paths()
    {
        using HttpResponseMessage response = await server.PostAsync("/v1/explain", With(("question", "how many keys are there?")));
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        string page = await response.Content.ReadAsStringAsync();
        Assert.Contains("how many keys are there?", page, StringComparison.Ordinal);
        Assert.DoesNotContain(GoldenFiles.Root, page, StringComparison.Ordinal);
    }

    /// <summary>Only an explanation shows the whole picture.</summary>
    [Fact]
    public async Task A_picture_that_is_only_looked_at_needs_no_memory_for_all_of_it()
    {
        var options = new PictureOptions { MaxBytesHeld = 2_000_000 };
        RunningServer small = await RunningServer.StartAsync(all => all with { Pictures = options });
        try
        {
            using var file = new MemoryStream();
            PngWriter.Write(new RgbImage(1000, 1000), file);
            var body = new JsonObject { ["image"] = $"data:image/png;base64,{Convert.ToBase64String(file.ToArray())}" };
            using HttpResponseMessage caption = await small.PostAsync("/v1/caption", body);
            Assert.True(caption.IsSuccessStatusCode, await caption.Content.ReadAsStringAsync());
            JsonNode error = await RunningServer.ErrorAsync(await small.PostAsync("/v1/explain", body), 413);
            Assert.Equal("image_too_large", error["code"]!.GetValue<string>());
        }
        finally
        {
            await small.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("/v1/caption", """{}""", "missing_image")]
    [InlineData("/v1/ask", """{"image":"data:image/png;base64,AAAA"}""", "missing_required_parameter")]
    [InlineData("/v1/detect", """{"image":"data:image/png;base64,AAAA","things":[]}""", null)]
    [InlineData("/v1/caption", """{"image":7}""", "invalid_type")]
    [InlineData("/v1/caption", """{"image":"data:image/png;base64,AAAA","shoe":1}""", "unknown_parameter")]
    [InlineData("/v1/segment", """{"image":"data:image/png;base64,AAAA","things":"a","mask_format":"gif"}""", "invalid_value")]
    [InlineData("/v1/batch", """{"requests":[]}""", "missing_required_parameter")]
    [InlineData("/v1/tokenize", """{}""", "missing_required_parameter")]
    [InlineData("/v1/explain", """{"image":["data:image/png;base64,AAAA","data:image/png;base64,AAAA"]}""", "too_many_images")]
    public async Task A_wrong_request_is_refused(string path, string body, string? code)
    {
        JsonNode error = await RunningServer.ErrorAsync(await server.PostAsync(path, body), 400);
        if (code is not null) Assert.Equal(code, error["code"]?.GetValue<string>());
    }

    [Theory, InlineData("--x\r\n"), InlineData("--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\nabc"),
        InlineData("--x\r\nNonsense\r\n\r\n\r\n--x--")]
    public async Task A_damaged_form_is_refused(string text)
    {
        using var content = new StringContent(text);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
        await RunningServer.ErrorAsync(await server.Client.PostAsync(server.Server.Address + "/v1/caption", content), 400);
    }
}
