using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using AiMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAiMessage = OpenAI.Chat.ChatMessage;

namespace VlmSharp.Server.Tests.Chat;

/// <summary>OpenAI's own client, and Microsoft.Extensions.AI on top of it, as their users call them.</summary>
public sealed class OfficialClientTests(RunningServer server) : IClassFixture<RunningServer>
{
    private ChatClient Client(string model = "demo") => new(model, new ApiKeyCredential("none"), new OpenAIClientOptions
    {
        Endpoint = new Uri(server.Server.Address + "/v1"),
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    });

    private static OpenAiMessage[] Ask(string prompt) =>
        [
            OpenAiMessage.CreateUserMessage(
                ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(RunningServer.Sample), "image/png"),
                ChatMessageContentPart.CreateTextPart(prompt))
        ];

    private GenerationResult Alone(string prompt) =>
        server.Model.Generate(new GenerationRequest { Images = [ImageFile.Decode(RunningServer.Sample)], Prompt = prompt });

    [Fact]
    public async Task A_picture_is_answered_with_usage()
    {
        GenerationResult alone = Alone("caption en");
        ChatCompletion answer = await Client().CompleteChatAsync(Ask("caption en"));
        Assert.Equal(alone.Text, answer.Content[0].Text);
        Assert.Equal(OpenAI.Chat.ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal((alone.PromptTokens, alone.TokenIds.Count), (answer.Usage.InputTokenCount, answer.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task A_stream_is_read_with_its_usage()
    {
        string text = "";
        int? tokens = null;
        await foreach (StreamingChatCompletionUpdate update in Client().CompleteChatStreamingAsync(Ask("caption en")))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            tokens = update.Usage?.TotalTokenCount ?? tokens;
        }

        GenerationResult alone = Alone("caption en");
        Assert.Equal(alone.Text, text);
        Assert.Equal(alone.PromptTokens + alone.TokenIds.Count, tokens);
    }

    [Fact]
    public async Task Log_probabilities_are_read()
    {
        ChatCompletion answer = await Client().CompleteChatAsync(
            Ask("caption en"), new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 2 });
        Assert.Equal(Alone("caption en").Text, string.Concat(answer.ContentTokenLogProbabilities.Select(t => t.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, t => Assert.Equal(2, t.TopLogProbabilities.Count));
    }

    [Fact]
    public async Task Stop_seed_and_limits_are_honored()
    {
        ChatCompletion stopped =
            await Client().CompleteChatAsync(Ask("caption en"), new ChatCompletionOptions { StopSequences = { "above" } });
        Assert.Equal("a car ", stopped.Content[0].Text);
        ChatCompletion cut = await Client().CompleteChatAsync(Ask("caption en"), new ChatCompletionOptions { MaxOutputTokenCount = 2 });
        Assert.Equal((OpenAI.Chat.ChatFinishReason.Length, "a car"), (cut.FinishReason, cut.Content[0].Text));
#pragma warning disable OPENAI001 // that client marks the seed as experimental
        var drawn = new ChatCompletionOptions { Temperature = 1.5f, Seed = 42 };
#pragma warning restore OPENAI001
        ChatCompletion one = await Client().CompleteChatAsync(Ask("caption en"), drawn),
            two = await Client().CompleteChatAsync(Ask("caption en"), drawn);
        Assert.Equal(one.Content[0].Text, two.Content[0].Text);
    }

    [Fact]
    public async Task Errors_are_the_clients_own()
    {
        ClientResultException missing =
            await Assert.ThrowsAsync<ClientResultException>(() => Client("gpt-5").CompleteChatAsync(Ask("caption en")));
        Assert.Equal(404, missing.Status);
        Assert.Contains("model_not_found", missing.Message, StringComparison.Ordinal);
        ClientResultException blind = await Assert.ThrowsAsync<ClientResultException>(
            () => Client().CompleteChatAsync([OpenAiMessage.CreateUserMessage("what is there?")]));
        Assert.Equal(400, blind.Status);
        ClientResultException tools = await Assert.ThrowsAsync<ClientResultException>(() =>
            Client().CompleteChatAsync(Ask("caption en"), new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } }));
        Assert.Contains("tools", tools.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_stops_reading_cancels_the_answer()
    {
        using var stop = new CancellationTokenSource();
        server.Backend.Hold();
        Task reading = Task.Run(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in Client().CompleteChatStreamingAsync(
                Ask("caption en"), cancellationToken: stop.Token))
                await stop.CancelAsync();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        server.Backend.LetGo();
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 0);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var models = new OpenAIClient(
            new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Server.Address + "/v1") })
            .GetOpenAIModelClient();
        Assert.Equal(["demo"], (await models.GetModelsAsync()).Value.Select(m => m.Id));
        Assert.Equal("demo", (await models.GetModelAsync("demo")).Value.Id);
    }

    [Fact]
    public async Task The_abstractions_of_extensions_ai_work_on_top_of_it()
    {
        using IChatClient client = Client().AsIChatClient();
        AiMessage[] messages =
        [
            new(ChatRole.System, "ignored"),
            new(ChatRole.User, [new DataContent(RunningServer.Sample, "image/png"), new TextContent("caption en")])
        ];
        GenerationResult alone = Alone("caption en");
        ChatResponse response = await client.GetResponseAsync(
            messages, new ChatOptions { Temperature = 0, MaxOutputTokens = 50, StopSequences = ["zzz"], Seed = 1 });
        Assert.Equal(alone.Text, response.Text);
        Assert.Equal(alone.PromptTokens, response.Usage!.InputTokenCount);
        Assert.Equal(alone.Text, string.Concat((await client.GetStreamingResponseAsync(messages).ToChatResponseAsync()).Text));
    }
}
