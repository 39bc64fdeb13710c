using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Server.Tests.Chat;

public sealed class AdapterTests
{
    [Fact]
    public async Task Each_adapter_is_a_model_of_its_own_name()
    {
        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg1"), backend);
        string[] adapters = ["lora", "rslora"];
        foreach (string name in adapters) model.LoadAdapter(name, GoldenFiles.PathOf("training", $"pg1-{name}"));
        await using VlmServer server = await VlmServer.StartAsync(new ServerOptions { Port = 0, ModelName = "tiny" }, _ => model);
        await server.Ready;
        using var client = new HttpClient();
        JsonNode list = JsonNode.Parse(await client.GetStringAsync(server.Address + "/v1/models"))!;
        Assert.Equal(["tiny", .. adapters], list["data"]!.AsArray().Select(m => m!["id"]!.GetValue<string>()));

        var options = new GenerationOptions { MaxNewTokens = 12, IgnoreEndOfSequence = true };
        string[] texts = await Task.WhenAll(((string[])["tiny", .. adapters]).Select(name => AskAsync(client, server, name)));
        RgbImage picture = ImageFile.Decode(RunningServer.Sample);
        string?[] alone =
        [
            .. ((string[])[VisionLanguageModel.BaseName, .. adapters]).Select(
                name => model.Generate(new GenerationRequest { Images = [picture], Prompt = "caption en", Adapter = name }, options).Text)
        ];
        Assert.Equal(alone, texts);
        Assert.True(alone.Distinct().Count() > 1, "The adapters change nothing.");
    }

    private static async Task<string> AskAsync(HttpClient client, VlmServer server, string model)
    {
        JsonObject body = RunningServer.Chat("caption en", ("model", model), ("max_tokens", 12), ("ignore_eos", true));
        using var content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(server.Address + "/v1/chat/completions", content);
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(model, answer["model"]!.GetValue<string>());
        return answer["choices"]![0]!["message"]!["content"]!.GetValue<string>();
    }
}
