using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Extensions.AI.Tests;

/// <summary>A model in a service container is opened once, by the first request, and closed with the container.</summary>
public sealed class ServiceCollectionTests
{
    private static readonly ChatMessage Cake = Chat.Ask("cake.png", "caption en");

    [Fact]
    public async Task The_model_is_opened_once_and_closed_with_the_container()
    {
        var log = new Recorder();
        VisionLanguageModel model;
        await using (ServiceProvider services = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(log)
            .AddVlmSharp(o => o.ModelDirectory = GoldenFiles.DemoModel)
            .BuildServiceProvider())
        {
            IChatClient client = services.GetRequiredService<IChatClient>();
            Assert.Equal("model", client.GetRequiredService<ChatClientMetadata>().DefaultModelId);
            Assert.Empty(log.Lines);
            ChatResponse[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetResponseAsync([Cake])));
            Assert.All(answers, a => Assert.Equal("a cake", a.Text));
            Assert.Single(log.Lines, line => line.Contains("Opened model", StringComparison.Ordinal));
            model = services.GetRequiredService<VisionLanguageModel>();
            Assert.Same(model, client.GetService<VisionLanguageModel>());
            Assert.Same(client, services.GetRequiredService<VlmSharpChatClient>());
            Assert.IsType<CpuBackend>(services.GetRequiredService<IComputeBackend>());
        }

        Assert.Throws<ObjectDisposedException>(
            () => model.Generate([new GenerationRequest { Images = [new Imaging.RgbImage(8, 8)], Prompt = "caption en" }]));
    }

    [Fact]
    public async Task Options_are_bound_to_a_section()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["VlmSharp:ModelDirectory"] = GoldenFiles.DemoModel,
            ["VlmSharp:Threads"] = "1",
            ["VlmSharp:Simd"] = "Vector128",
            ["VlmSharp:MaxOutputTokens"] = "2",
            ["VlmSharp:ImageCacheBytes"] = "0",
            ["VlmSharp:MaxPicturePixels"] = "1000000",
            ["VlmSharp:SlidingWindow"] = "true",
            ["VlmSharp:Quantization"] = "int8",
            ["VlmSharp:MaxKvCacheBytes"] = "100000000",
        }).Build();
        await using ServiceProvider services =
            new ServiceCollection().AddVlmSharp(configuration.GetSection("VlmSharp")).BuildServiceProvider();
        VlmSharpOptions options = services.GetRequiredService<IOptions<VlmSharpOptions>>().Value;
        Assert.Equal(new VlmSharpOptions
        {
            ModelDirectory = GoldenFiles.DemoModel,
            Threads = 1,
            Simd = SimdTier.Vector128,
            MaxOutputTokens = 2,
            ImageCacheBytes = 0,
            MaxPicturePixels = 1_000_000,
            SlidingWindow = true,
            Quantization = DType.Int8,
            MaxKvCacheBytes = 100_000_000,
        }, options);

        ChatResponse response = await services.GetRequiredService<IChatClient>().GetResponseAsync([Cake]);
        Assert.Equal(2, response.Usage!.OutputTokenCount);
        VisionLanguageModel model = services.GetRequiredService<VisionLanguageModel>();
        Assert.Equal((0, true), (model.ImageFeatures.MaxBytes, model.Network.Options.SlidingWindow));
        Assert.Equal((DType.Int8, 100_000_000), (model.Network.Options.Quantization, model.Engine.MaxKvCacheBytes));
        Assert.True(model.QuantizedBytes > 0);
        var backend = (CpuBackend)services.GetRequiredService<IComputeBackend>();
        Assert.Equal((1, SimdTier.Vector128), (backend.Threads, backend.Simd));
    }

    /// <summary>A client knows the name of its model before opening it, so the ModelId of an answer can be requested again.</summary>
    [Fact]
    public async Task A_folder_whose_path_ends_in_a_dot_has_the_name_of_the_model()
    {
        await using ServiceProvider services =
            new ServiceCollection().AddVlmSharp(o => o.ModelDirectory = Path.Combine(GoldenFiles.DemoModel, ".")).BuildServiceProvider();
        IChatClient client = services.GetRequiredService<IChatClient>();
        string? name = client.GetRequiredService<ChatClientMetadata>().DefaultModelId;
        Assert.Equal("model", name);
        ChatResponse response = await client.GetResponseAsync([Cake], new ChatOptions { ModelId = name });
        Assert.Equal(("a cake", name), (response.Text, response.ModelId));
    }

    [Fact]
    public async Task A_picture_over_the_limit_is_refused()
    {
        await using ServiceProvider services = new ServiceCollection()
            .AddVlmSharp(o => (o.ModelDirectory, o.MaxPicturePixels) = (GoldenFiles.DemoModel, 100))
            .BuildServiceProvider();
        await Assert.ThrowsAsync<ImageFormatException>(() => services.GetRequiredService<IChatClient>().GetResponseAsync([Cake]));
    }

    [Fact]
    public async Task A_backend_that_was_added_before_is_kept()
    {
        await using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IComputeBackend, ReferenceBackend>()
            .AddVlmSharp(o => o.ModelDirectory = GoldenFiles.DemoModel)
            .BuildServiceProvider();
        Assert.IsType<ReferenceBackend>(services.GetRequiredService<VisionLanguageModel>().Backend);
    }

    [Theory]
    [InlineData("", 1, 0, "ModelDirectory")]
    [InlineData("x", 0, 0, "Threads")]
    [InlineData("x", 1, 77, "Simd")]
    public void Options_out_of_range_are_refused(string directory, int threads, int simd, string name)
    {
        using ServiceProvider services = new ServiceCollection()
            .AddVlmSharp(o => (o.ModelDirectory, o.Threads, o.Simd) = (directory, threads, (SimdTier)simd))
            .BuildServiceProvider();
        Assert.Contains(
            name, Assert.Throws<OptionsValidationException>(services.GetRequiredService<IChatClient>).Message, StringComparison.Ordinal);
        Assert.Contains(
            name,
            Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_format_that_is_no_quantization_and_zero_memory_are_refused()
    {
        Assert.Contains("give Int8, Int4 or Nf4", Refused(o => o.Quantization = DType.BF16), StringComparison.Ordinal);
        Assert.Contains("MaxKvCacheBytes", Refused(o => o.MaxKvCacheBytes = 0), StringComparison.Ordinal);

        static string Refused(Action<VlmSharpOptions> change)
        {
            using ServiceProvider services =
                new ServiceCollection().AddVlmSharp(o => o.ModelDirectory = "x").Configure(change).BuildServiceProvider();
            return Assert.Throws<OptionsValidationException>(services.GetRequiredService<IChatClient>).Message;
        }
    }

    [Theory]
    [InlineData("Quantization", "int5", "Quantization 'int5' is unknown; give Int8, Int4 or Nf4")]
    [InlineData("Simd", "wide", "Simd 'wide' is unknown; give one of Auto, Vector128, Vector256, Vector512")]
    [InlineData("Quantization", "bf16", "Quantization is of another format; give Int8, Int4 or Nf4")]
    public void A_wrong_word_in_a_section_is_refused_with_a_list_of_right_ones(string name, string word, string expected)
    {
        IConfiguration section = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ModelDirectory"] = "x", [name] = word }).Build();
        using ServiceProvider services = new ServiceCollection().AddVlmSharp(section).BuildServiceProvider();
        Assert.Contains(
            expected,
            Assert.Throws<OptionsValidationException>(services.GetRequiredService<IChatClient>).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            expected,
            Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate).Message,
            StringComparison.Ordinal);
    }

    /// <summary>A model folder that is copied while the service runs is found by the next request.</summary>
    [Fact]
    public async Task A_model_that_fails_to_open_is_logged_and_tried_again()
    {
        var log = new Recorder();
        string folder = Path.Combine(Path.GetTempPath(), $"vlmsharp-services-{Guid.NewGuid():N}");
        await using ServiceProvider services =
            new ServiceCollection().AddSingleton<ILoggerFactory>(log).AddVlmSharp(o => o.ModelDirectory = folder).BuildServiceProvider();
        IChatClient client = services.GetRequiredService<IChatClient>();
        await Assert.ThrowsAsync<ModelFormatException>(() => client.GetResponseAsync([Cake]));
        Assert.Contains(log.Lines, line => line == $"Error: {folder} cannot be opened");
        try
        {
            Directory.CreateDirectory(folder);
            foreach (string file in Directory.EnumerateFiles(GoldenFiles.DemoModel))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            Assert.Equal("a cake", (await client.GetResponseAsync([Cake])).Text);
            await services.DisposeAsync(); // before the files are deleted
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Requests_answers_and_errors_are_logged_without_their_texts()
    {
        var log = new Recorder();
        await using ServiceProvider services = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(log)
            .AddVlmSharp(o => o.ModelDirectory = GoldenFiles.DemoModel)
            .BuildServiceProvider();
        IChatClient client = services.GetRequiredService<IChatClient>();
        ChatResponse response = await client.GetResponseAsync([Cake]);
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.GetResponseAsync((IEnumerable<ChatMessage>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(
            async () => await client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!).ToListAsync());
        await Assert.ThrowsAsync<RequestException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.Assistant, "a cake")]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.GetResponseAsync([Cake], cancellationToken: new CancellationToken(canceled: true)));
        Assert.Contains(log.Lines, line =>
            line.StartsWith($"Debug: Request {response.ResponseId}: 1 pictures, 10 characters", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line =>
            line.StartsWith(
                $"Information: Answered {response.ResponseId}: {response.Usage!.InputTokenCount} tokens in, "
                    + $"{response.Usage.OutputTokenCount} out (stop)",
                StringComparison.Ordinal));
        Assert.Contains(log.Lines, line =>
            line.StartsWith("Warning: Refused", StringComparison.Ordinal) && line.Contains("no user message", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.StartsWith("Debug: Canceled", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.DoesNotContain(
            log.Lines, line => line.Contains("caption", StringComparison.Ordinal) || line.Contains("a cake", StringComparison.Ordinal));
    }

    /// <summary>Records what is logged.</summary>
    private sealed class Recorder : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

        public void Dispose() { }
    }
}
