using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Server.Scheduling;

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
        (string Text, string Fingerprint)[] answers =
            await Task.WhenAll(((string[])["tiny", .. adapters]).Select(name => AskAsync(client, server, name)));
        Assert.Equal(3, answers.Select(a => a.Fingerprint).Distinct().Count());
        RgbImage picture = ImageFile.Decode(RunningServer.Sample);
        string?[] alone =
        [
            .. ((string[])[VisionLanguageModel.BaseName, .. adapters]).Select(
                name => model.Generate(new GenerationRequest { Images = [picture], Prompt = "caption en", Adapter = name }, options).Text)
        ];
        Assert.Equal(alone, answers.Select(a => a.Text));
        Assert.True(alone.Distinct().Count() > 1, "The adapters change nothing.");
    }

    [Fact]
    public void The_fingerprint_is_that_of_the_weights_and_their_options()
    {
        using var backend = new CpuBackend();
        string Of(string name, ModelOptions? options = null)
        {
            using var model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", name), backend, options);
            return new ServedModel(model, "tiny").FingerprintOf("tiny");
        }

        string[] all =
        [
            Of("pg1"), Of("pg1", new() { Name = "another" }), Of("pg1", new() { AttentionSoftCap = false }), Of("pg2"),
        ];
        Assert.Equal(all[0], all[1]);
        Assert.Equal(3, all.Distinct().Count());
        Assert.Matches("^vlmsharp-[0-9.]+-cpu-[0-9a-f]{12}$", all[0]);
    }

    private static async Task<(string Text, string Fingerprint)> AskAsync(HttpClient client, VlmServer server, string model)
    {
        JsonObject body = RunningServer.Chat("caption en", ("model", model), ("max_tokens", 12), ("ignore_eos", true));
        using var content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(server.Address + "/v1/chat/completions", content);
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(model, answer["model"]!.GetValue<string>());
        return (answer["choices"]![0]!["message"]!["content"]!.GetValue<string>(), answer["system_fingerprint"]!.GetValue<string>());
    }
}
