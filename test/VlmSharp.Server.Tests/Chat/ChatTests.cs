using System.Text.Json.Nodes;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Server.Tests.Chat;

public sealed class ChatTests(RunningServer server) : IClassFixture<RunningServer>
{
    private GenerationResult Alone(string prompt, GenerationOptions? options = null) =>
        server.Model.Generate(new GenerationRequest { Images = [ImageFile.Decode(RunningServer.Sample)], Prompt = prompt }, options);

    [Fact]
    public async Task An_answer_is_the_models_text_with_its_usage()
    {
        GenerationResult alone = Alone("caption en");
        JsonNode answer = await server.ChatAsync(RunningServer.Chat("caption en"));
        Assert.StartsWith("chatcmpl-", answer["id"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", answer["object"]!.GetValue<string>());
        Assert.Equal("demo", answer["model"]!.GetValue<string>());
        JsonNode choice = Assert.Single(answer["choices"]!.AsArray())!;
        Assert.Equal(alone.Text, choice["message"]!["content"]!.GetValue<string>());
        Assert.Equal("assistant", choice["message"]!["role"]!.GetValue<string>());
        Assert.Equal("stop", choice["finish_reason"]!.GetValue<string>());
        Assert.True(choice.AsObject().ContainsKey("logprobs") && choice["logprobs"] is null);
        JsonNode usage = answer["usage"]!;
        Assert.Equal(alone.PromptTokens, usage["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(alone.TokenIds.Count, usage["completion_tokens"]!.GetValue<int>());
        Assert.Equal(alone.PromptTokens + alone.TokenIds.Count, usage["total_tokens"]!.GetValue<int>());
        Assert.Equal(server.Model.Config.Vision.Patches, usage["prompt_tokens_details"]!["image_tokens"]!.GetValue<int>());
        Assert.Equal(alone.PromptTokens - server.Model.Config.Vision.Patches, usage["prompt_tokens_details"]!["text_tokens"]!.GetValue<int>());
    }
}
