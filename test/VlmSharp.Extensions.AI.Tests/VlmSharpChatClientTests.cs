using System.Diagnostics;
using Microsoft.Extensions.AI;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Telemetry;

namespace VlmSharp.Extensions.AI.Tests;

/// <summary>The chat client gives the model's answers and reports what it cannot do.</summary>
public sealed class VlmSharpChatClientTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;
    private readonly IChatClient client;

    public VlmSharpChatClientTests()
    {
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        client = model.AsIChatClient();
    }

    public void Dispose()
    {
        client.Dispose();
        model.Dispose();
        backend.Dispose();
    }

    private GenerationResult Direct(ChatMessage message, GenerationOptions? options = null) =>
        model.Generate([ChatRequestOf(message)], options)[0];

    private static GenerationRequest ChatRequestOf(ChatMessage message) => new()
    {
        Images = [.. message.Contents.OfType<DataContent>().Select(d => ImageFile.Decode(d.Data.Span, "picture"))],
        Prompt = message.Text,
    };

    [Fact]
    public async Task An_answer_equals_that_of_the_model_and_has_usage_and_reason()
    {
        ChatMessage message = Chat.Ask("cake.png", "caption en");
        ChatResponse response = await client.GetResponseAsync([message]);
        GenerationResult direct = Direct(message);
        Assert.Equal("a cake", response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("model", response.ModelId);
        Assert.Equal(response.ResponseId, response.Messages[0].MessageId);
        Assert.Equal(direct.PromptTokens, response.Usage!.InputTokenCount);
        Assert.Equal(direct.TokenIds.Count, response.Usage.OutputTokenCount);
        Assert.Equal(direct.PromptTokens + direct.TokenIds.Count, response.Usage.TotalTokenCount);
        Assert.Equal(direct.TokenIds, Assert.IsType<GenerationResult>(response.RawRepresentation).TokenIds);
    }

    [Fact]
    public async Task Streamed_updates_join_to_the_answer()
    {
        ChatMessage message = Chat.Ask("car-key.png", "detect key");
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync([message]).ToListAsync();
        Assert.True(updates.Count > 3);
        Assert.All(
            updates, u => Assert.Equal((updates[0].ResponseId, ChatRole.Assistant, "model"), (u.ResponseId, u.Role!.Value, u.ModelId)));
        Assert.All(updates[..^1], u => Assert.Null(u.FinishReason));

        ChatResponse joined = updates.ToChatResponse(), whole = await client.GetResponseAsync([message]);
        Assert.Equal(Direct(message).Text, joined.Text);
        Assert.Equal(whole.Text, joined.Text);
        Assert.Equal(whole.FinishReason, joined.FinishReason);
        Assert.Equal(whole.Usage!.OutputTokenCount, joined.Usage!.OutputTokenCount);
        Assert.Equal(whole.Usage.InputTokenCount, joined.Usage.InputTokenCount);
        Assert.Single(joined.Messages);
    }

    [Fact]
    public async Task Pictures_come_in_order_from_bytes_and_from_data_uris()
    {
        DataContent first = Chat.Picture("cake.png"), second = Chat.Picture("sun.png");
        var link = new DataContent(second.Uri); // data:image/png;base64,...
        ChatResponse bytes = await client.GetResponseAsync([Chat.User(first, second, new TextContent("caption"), new TextContent(" en"))]);
        ChatResponse links = await client.GetResponseAsync([Chat.User(first, link, new TextContent("caption en"))]);
        Assert.Equal(bytes.Usage!.InputTokenCount, links.Usage!.InputTokenCount);
        Assert.Equal(
            Direct(Chat.User(first, second, new TextContent("caption en"))).TokenIds,
            ((GenerationResult)bytes.RawRepresentation!).TokenIds);
        Assert.Equal(
            ((GenerationResult)bytes.RawRepresentation!).LogProbabilities, ((GenerationResult)links.RawRepresentation!).LogProbabilities);
    }

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("binary/octet-stream")]
    public async Task Data_without_a_type_is_a_picture_if_its_bytes_are(string type)
    {
        var untyped = new DataContent(Chat.Picture("cake.png").Data, type);
        Assert.Equal("a cake", (await client.GetResponseAsync([Chat.User(untyped, new TextContent("caption en"))])).Text);
        ChatMessage again = Chat.User(new TextContent("caption en"));
        Assert.Equal("a cake", (await client.GetResponseAsync([Chat.User(untyped, new TextContent("x")), again])).Text);
        ImageFormatException error = await Assert.ThrowsAsync<ImageFormatException>(
            () => client.GetResponseAsync([Chat.User(new DataContent("hello"u8.ToArray(), type))]));
        Assert.Equal(ImageFault.Unsupported, error.Fault);
    }

    [Fact]
    public async Task Options_reach_the_generation()
    {
        ChatMessage message = Chat.Ask("car-key.png", "detect key");
        ChatResponse shortened = await client.GetResponseAsync([message], new ChatOptions { MaxOutputTokens = 2 });
        Assert.Equal((ChatFinishReason.Length, 2), (shortened.FinishReason!.Value, shortened.Usage!.OutputTokenCount));

        var sampled =
            new ChatOptions { Temperature = 3, TopK = 40, TopP = 0.9f, Seed = 5, ModelId = "model", ToolMode = ChatToolMode.Auto };
        GenerationResult direct = Direct(message, new GenerationOptions { Temperature = 3, TopK = 40, TopP = 0.9f, Seed = 5 });
        Assert.NotEqual(Direct(message).TokenIds, direct.TokenIds);
        Assert.Equal(direct.TokenIds, await Ids(message, sampled));

        string text = Direct(message).Text!;
        Assert.Equal(
            text[..text.IndexOf("key", StringComparison.Ordinal)],
            (await client.GetResponseAsync([message], new ChatOptions { StopSequences = ["key"] })).Text);
        Assert.Equal(
            text[..text.IndexOf("key", StringComparison.Ordinal)],
            (await client.GetStreamingResponseAsync([message], new ChatOptions { StopSequences = ["key"] }).ToChatResponseAsync()).Text);

        Assert.Equal(Direct(message).TokenIds, await Ids(message, new ChatOptions { Temperature = 0, TopP = 0.5f, TopK = 3 }));
    }

    [Fact]
    public async Task Other_options_come_from_a_raw_representation()
    {
        ChatMessage message = Chat.Ask("car-key.png", "what is below the car?");
        var raw = new GenerationOptions { Beams = 3, LengthPenalty = 0.5f, MaxNewTokens = 20 };
        ChatResponse response =
            await client.GetResponseAsync([message], new ChatOptions { MaxOutputTokens = 7, RawRepresentationFactory = _ => raw });
        var result = (GenerationResult)response.RawRepresentation!;
        GenerationResult direct = Direct(message, raw with { MaxNewTokens = 7 });
        Assert.NotNull(direct.Score);
        Assert.Equal(direct.Score, result.Score);
        Assert.Equal(direct.Text, response.Text);
    }

    private async Task<IReadOnlyList<int>> Ids(ChatMessage message, ChatOptions options) =>
        ((GenerationResult)(await client.GetResponseAsync([message], options)).RawRepresentation!).TokenIds;

    public static TheoryData<string, ChatMessage[]> OtherChats()
    {
        DataContent picture = Chat.Picture("cake.png");
        var text = new TextContent("caption en");
        return new TheoryData<string, ChatMessage[]>
        {
            { "no user message", [] },
            { "no user message", [new(ChatRole.Assistant, [picture, text])] },
            { "no picture", [Chat.User(text)] },
            { "no picture", [new(ChatRole.Assistant, [picture, text]), Chat.User(text)] },
            { "nothing is downloaded", [Chat.User(new UriContent("https://example.com/cake.png", "image/png"), text)] },
            { "'audio/wav'", [Chat.User(new DataContent(new byte[] { 1 }, "audio/wav"), text)] },
            { "FunctionCallContent", [Chat.User(picture, new FunctionCallContent("1", "f"), text)] },
            { "room for", [Chat.User([.. Enumerable.Repeat(picture, 5000), text])] },
        };
    }

    [Fact]
    public async Task The_last_picture_of_earlier_turns_is_used_when_the_last_message_has_none()
    {
        ChatMessage said = new(ChatRole.Assistant, "a cake"), again = Chat.User(new TextContent("caption en"));
        ChatMessage cake = Chat.Ask("cake.png", "answer en how many cakes are there?"), sun = Chat.Ask("sun.png", "caption en");
        Assert.Equal("a cake", (await client.GetResponseAsync([sun, said, cake, said, again])).Text);
        string alone = (await client.GetResponseAsync([sun])).Text;
        Assert.Equal(alone, (await client.GetResponseAsync([cake, said, sun])).Text);
    }

    [Fact]
    public async Task System_text_is_ignored_and_the_response_says_so()
    {
        ChatMessage question = Chat.Ask("cake.png", "caption en"), system = new(ChatRole.System, "Speak like a pirate.");
        ChatResponse response = await client.GetResponseAsync([system, question]);
        Assert.Equal(("a cake", "system"), (response.Text, response.AdditionalProperties!["vlmsharp.ignored"]));
        response = await client.GetResponseAsync([question], new ChatOptions { Instructions = "Be brief." });
        Assert.Equal(("a cake", "system"), (response.Text, response.AdditionalProperties!["vlmsharp.ignored"]));
        Assert.Null((await client.GetResponseAsync([question])).AdditionalProperties);
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync([system, question]).ToListAsync();
        Assert.Equal("system", updates[^1].AdditionalProperties!["vlmsharp.ignored"]);
    }

    [Theory, MemberData(nameof(OtherChats), DisableDiscoveryEnumeration = true)]
    public async Task A_chat_that_is_not_one_question_is_refused_with_a_reason(string reason, ChatMessage[] messages)
    {
        RequestException error = await Assert.ThrowsAsync<RequestException>(() => client.GetResponseAsync(messages));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(
            error.Message,
            (await Assert.ThrowsAsync<RequestException>(() => client.GetStreamingResponseAsync(messages).ToListAsync().AsTask())).Message);
    }

    [Fact]
    public async Task The_error_for_a_damaged_picture_names_it()
    {
        var damaged = new DataContent(Chat.Picture("cake.png").Data[..5000], "image/png") { Name = "half.png" };
        ImageFormatException error = await Assert.ThrowsAsync<ImageFormatException>(() => client.GetResponseAsync([Chat.User(damaged)]));
        Assert.StartsWith("half.png", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<ImageFormatException>(
            () => client.GetResponseAsync([Chat.User(new DataContent("hello"u8.ToArray(), "image/png"))]));
        Assert.StartsWith("Picture 1", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, ChatOptions> OtherOptions() => new()
    {
        { nameof(ChatOptions.Tools), new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] } },
        { nameof(ChatOptions.ConversationId), new ChatOptions { ConversationId = "7" } },
        { nameof(ChatOptions.ResponseFormat), new ChatOptions { ResponseFormat = ChatResponseFormat.Json } },
        { nameof(ChatOptions.Reasoning), new ChatOptions { Reasoning = new ReasoningOptions() } },
        { nameof(ChatOptions.FrequencyPenalty), new ChatOptions { FrequencyPenalty = 0.5f } },
        { nameof(ChatOptions.PresencePenalty), new ChatOptions { PresencePenalty = 0.5f } },
        { nameof(ChatOptions.ModelId), new ChatOptions { ModelId = "another" } },
        { "top_p", new ChatOptions { TopP = 2 } },
        { "max_new_tokens", new ChatOptions { MaxOutputTokens = 0 } },
    };

    [Theory, MemberData(nameof(OtherOptions), DisableDiscoveryEnumeration = true)]
    public async Task An_option_that_cannot_be_honored_is_refused_by_name(string name, ChatOptions options)
    {
        RequestException error =
            await Assert.ThrowsAsync<RequestException>(() => client.GetResponseAsync([Chat.Ask("cake.png", "caption en")], options));
        Assert.Equal(name, error.Parameter);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_without_meaning_here_do_no_harm()
    {
        var options = new ChatOptions
        {
            Tools = [AIFunctionFactory.Create(() => 1, "one")],
            ToolMode = ChatToolMode.None,
            ResponseFormat = ChatResponseFormat.Text,
            FrequencyPenalty = 0,
            StopSequences = [],
            AdditionalProperties = new AdditionalPropertiesDictionary { ["trace"] = "x" },
        };
        Assert.Equal("a cake", (await client.GetResponseAsync([Chat.Ask("cake.png", "caption en")], options)).Text);
    }

    [Fact]
    public async Task Cancellation_takes_effect_between_tokens()
    {
        using var source = new CancellationTokenSource();
        var options =
            new ChatOptions { MaxOutputTokens = 400, RawRepresentationFactory = _ => new GenerationOptions { IgnoreEndOfSequence = true } };
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(
                [Chat.Ask("car-key.png", "detect key")], options, source.Token))
                if (++seen == 2) await source.CancelAsync();
        });
        Assert.Equal(2, seen);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.GetResponseAsync([Chat.Ask("cake.png", "caption en")], options, source.Token));
        Assert.Equal("a cake", (await client.GetResponseAsync([Chat.Ask("cake.png", "caption en")])).Text);
    }

    [Fact]
    public async Task Concurrent_chats_get_their_own_answers()
    {
        ChatResponse[] answers = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => client.GetResponseAsync([Chat.Ask(i % 2 == 0 ? "cake.png" : "sun.png", "caption en")])));
        Assert.Equal(["a cake", "two suns", "a cake", "two suns", "a cake", "two suns", "a cake", "two suns"], answers.Select(a => a.Text));
    }

    [Fact]
    public void Services_are_the_metadata_the_client_and_the_model()
    {
        ChatClientMetadata metadata = client.GetRequiredService<ChatClientMetadata>();
        Assert.Equal(("vlmsharp", "model", null), (metadata.ProviderName, metadata.DefaultModelId, metadata.ProviderUri));
        Assert.Same(client, client.GetService<VlmSharpChatClient>());
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Same(model, client.GetService<VisionLanguageModel>());
        Assert.Null(client.GetService<string>());
        Assert.Null(client.GetService<IChatClient>("key"));
        Assert.Throws<ArgumentNullException>(() => new VlmSharpChatClient(null!));
    }

    /// <summary>The model's span is a child of the caller's, so that the trace of a request is complete.</summary>
    [Fact]
    public async Task An_answer_belongs_to_the_callers_trace()
    {
        var spans = new List<Activity>();
        using var caller = new Activity("caller").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == VlmSharpTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => { lock (spans) if (span.TraceId == caller.TraceId) spans.Add(span); },
        };
        ActivitySource.AddActivityListener(listener);
        await client.GetResponseAsync([Chat.Ask("cake.png", "caption en")]);
        await client.GetStreamingResponseAsync([Chat.Ask("cake.png", "caption en")]).ToListAsync();
        Assert.Equal(2, spans.Count(s => s.OperationName == "generate_content model" && s.ParentSpanId == caller.SpanId));
        Assert.Same(caller, Activity.Current);
    }
}
