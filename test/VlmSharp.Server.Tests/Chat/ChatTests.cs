using System.Text;
using System.Text.Json.Nodes;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Tests.Chat;

public sealed class ChatTests(RunningServer server) : IClassFixture<RunningServer>
{
    private GenerationResult Alone(string prompt, GenerationOptions? options = null) =>
        server.Model.Generate(new GenerationRequest { Images = [ImageFile.Decode(RunningServer.Sample)], Prompt = prompt }, options);

    private static string TextOf(JsonNode answer, int choice = 0) => answer["choices"]![choice]!["message"]!["content"]!.GetValue<string>();

    [Fact]
    public async Task An_answer_is_the_models_text_with_its_usage()
    {
        GenerationResult alone = Alone("caption en");
        JsonNode answer = await server.ChatAsync(RunningServer.Chat("caption en"));
        Assert.StartsWith("chatcmpl-", answer["id"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", answer["object"]!.GetValue<string>());
        Assert.Equal("demo", answer["model"]!.GetValue<string>());
        JsonNode choice = Assert.Single(answer["choices"]!.AsArray())!;
        Assert.Equal(alone.Text, TextOf(answer));
        Assert.Equal("assistant", choice["message"]!["role"]!.GetValue<string>());
        Assert.Equal("stop", choice["finish_reason"]!.GetValue<string>());
        Assert.True(choice.AsObject().ContainsKey("logprobs") && choice["logprobs"] is null);
        JsonNode usage = answer["usage"]!;
        Assert.Equal(alone.PromptTokens, usage["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(alone.TokenIds.Count, usage["completion_tokens"]!.GetValue<int>());
        Assert.Equal(alone.PromptTokens + alone.TokenIds.Count, usage["total_tokens"]!.GetValue<int>());
        Assert.Equal(server.Model.Config.Vision.Patches, usage["prompt_tokens_details"]!["image_tokens"]!.GetValue<int>());
        Assert.Equal(
            alone.PromptTokens - server.Model.Config.Vision.Patches, usage["prompt_tokens_details"]!["text_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Log_probabilities_spell_the_text_and_name_the_likeliest()
    {
        GenerationResult alone = Alone("caption en");
        JsonNode answer = await server.ChatAsync(RunningServer.Chat("caption en", ("logprobs", true), ("top_logprobs", 4)));
        JsonArray content = answer["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        byte[] bytes = [.. content.SelectMany(t => t!["bytes"]!.AsArray()).Select(b => b!.GetValue<byte>())];
        Assert.Equal(alone.Text, Encoding.UTF8.GetString(bytes));
        Assert.Equal(alone.TokenIds.Count - 1, content.Count); // the end-of-sequence token is not part of the text
        for (int i = 0; i < content.Count; i++)
        {
            Assert.Equal(alone.LogProbabilities[i], content[i]!["logprob"]!.GetValue<float>(), 1e-3f);
            JsonArray top = content[i]!["top_logprobs"]!.AsArray();
            Assert.Equal(4, top.Count);
            Assert.Equal(content[i]!["token"]!.GetValue<string>(), top[0]!["token"]!.GetValue<string>()); // the answer is greedy
            float[] logs = [.. top.Select(c => c!["logprob"]!.GetValue<float>())];
            Assert.Equal(logs.OrderDescending(), logs);
        }
    }

    [Fact]
    public async Task Greedy_choices_are_equal_and_seeded_choices_use_consecutive_seeds()
    {
        JsonNode greedy = await server.ChatAsync(RunningServer.Chat("caption en", ("n", 3)));
        Assert.Equal([0, 1, 2], greedy["choices"]!.AsArray().Select(c => c!["index"]!.GetValue<int>()));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(Alone("caption en").Text, TextOf(greedy, i)));
        Assert.Equal(3 * Alone("caption en").TokenIds.Count, greedy["usage"]!["completion_tokens"]!.GetValue<int>());

        (string, JsonNode?)[] warm = [("temperature", 1.8), ("max_tokens", 12)];
        JsonNode drawn = await server.ChatAsync(RunningServer.Chat("caption en", [.. warm, ("n", 4), ("seed", 11)]));
        string[] texts = [.. Enumerable.Range(0, 4).Select(i => TextOf(drawn, i))];
        Assert.True(texts.Distinct().Count() > 1, "Four draws at a high temperature are all the same.");
        for (int i = 0; i < 4; i++)
            Assert.Equal(texts[i], TextOf(await server.ChatAsync(RunningServer.Chat("caption en", [.. warm, ("seed", 11 + i)]))));
    }

    [Fact]
    public async Task A_temperature_of_zero_is_greedy_whatever_the_other_options_are() =>
        Assert.Equal(
            Alone("caption en").Text,
            TextOf(await server.ChatAsync(RunningServer.Chat("caption en", ("temperature", 0), ("top_p", 0.3), ("seed", 5)))));

    [Theory, InlineData("max_tokens"), InlineData("max_completion_tokens")]
    public async Task An_answer_that_is_cut_off_says_so(string member)
    {
        JsonNode answer = await server.ChatAsync(RunningServer.Chat("caption en", (member, 2)));
        Assert.Equal("a car", TextOf(answer));
        Assert.Equal("length", answer["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Equal(2, answer["usage"]!["completion_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_and_is_not_in_it()
    {
        JsonNode answer =
            await server.ChatAsync(RunningServer.Chat("caption en", ("stop", new JsonArray("zzz", "above")), ("logprobs", true)));
        Assert.Equal("a car ", TextOf(answer));
        Assert.Equal("stop", answer["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Equal(
            ["a", " car"], answer["choices"]![0]!["logprobs"]!["content"]!.AsArray().Take(2).Select(t => t!["token"]!.GetValue<string>()));
        Assert.DoesNotContain("key", answer["choices"]![0]!["logprobs"]!["content"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Boxes_accompany_the_text_when_the_prompt_asks_for_them()
    {
        var expected = new TaskRunner(server.Model, new TaskOptions { Constrain = false }).Run(
            VisionTask.Detect("key"), ImageFile.Decode(RunningServer.Sample));
        JsonNode message = (await server.ChatAsync(RunningServer.Chat("detect key")))["choices"]![0]!["message"]!;
        Assert.Equal(expected.Text, message["content"]!.GetValue<string>());
        JsonNode found = Assert.Single(message["detections"]!.AsArray())!;
        Assert.Equal("key", found["label"]!.GetValue<string>());
        Assert.Equal(expected.Detections[0].Box.Left, found["box"]![0]!.GetValue<float>(), 1e-2f);
        Assert.Equal((expected.Width, expected.Height), (message["width"]!.GetValue<int>(), message["height"]!.GetValue<int>()));
        Assert.False(
            (await server.ChatAsync(RunningServer.Chat("caption en")))["choices"]![0]!["message"]!.AsObject().ContainsKey("detections"));
    }

    [Fact]
    public async Task System_text_is_ignored_and_a_header_says_so()
    {
        JsonObject body = RunningServer.Chat("caption en");
        body["messages"] = new JsonArray(
            new JsonObject { ["role"] = "system", ["content"] = "Speak like a pirate." },
            RunningServer.User("caption en", RunningServer.SampleUri));
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", body);
        Assert.Equal("system", Assert.Single(response.Headers.GetValues("x-vlmsharp-ignored")));
        Assert.Equal(Alone("caption en").Text, TextOf(JsonNode.Parse(await response.Content.ReadAsStringAsync())!));
        using HttpResponseMessage without = await server.PostAsync("/v1/chat/completions", RunningServer.Chat("caption en"));
        Assert.False(without.Headers.Contains("x-vlmsharp-ignored"));
    }

    [Fact]
    public async Task The_last_picture_of_earlier_turns_is_used_when_the_last_message_has_none()
    {
        string other = $"data:image/png;base64,{Convert.ToBase64String(PictureOf("sun.png"))}";
        JsonObject body = RunningServer.Chat("caption en");
        body["messages"] = new JsonArray(
            RunningServer.User("caption en", other), Assistant("the sun"),
            RunningServer.User("caption en", RunningServer.SampleUri), Assistant("a car above a key"),
            RunningServer.User("answer en what is below the car?"));
        Assert.Equal("a key", TextOf(await server.ChatAsync(body)));
        body["messages"]!.AsArray().Add(RunningServer.User("caption en", other));
        GenerationResult sun =
            server.Model.Generate(new GenerationRequest { Images = [ImageFile.Decode(PictureOf("sun.png"))], Prompt = "caption en" });
        Assert.Equal(sun.Text, TextOf(await server.ChatAsync(body)));

        static JsonObject Assistant(string text) => new() { ["role"] = "assistant", ["content"] = text };
        static byte[] PictureOf(string name) =>
            File.ReadAllBytes(System.IO.Path.Combine(Conformance.GoldenFiles.DemoModel, "..", "samples", name));
    }

    [Fact]
    public async Task Escapes_in_a_body_change_nothing()
    {
        string body = RunningServer.Chat("caption en")
            .ToJsonString()
            .Replace("/", "\\/", StringComparison.Ordinal)
            .Replace("caption", "\\u0063aption", StringComparison.Ordinal);
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", body);
        Assert.Equal(Alone("caption en").Text, TextOf(JsonNode.Parse(await response.Content.ReadAsStringAsync())!));
    }

    [Fact]
    public async Task A_request_may_have_two_pictures()
    {
        JsonObject body = RunningServer.Chat("");
        body["messages"] = new JsonArray(RunningServer.User("caption en", RunningServer.SampleUri, RunningServer.SampleUri));
        JsonNode answer = await server.ChatAsync(body);
        Assert.Equal(2 * server.Model.Config.Vision.Patches, answer["usage"]!["prompt_tokens_details"]!["image_tokens"]!.GetValue<int>());
    }
}
