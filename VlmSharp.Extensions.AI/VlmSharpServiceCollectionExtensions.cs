using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.ML.Tokenizers;
using VlmSharp;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Extensions.AI;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a model to a service container.</summary>
public static class VlmSharpServiceCollectionExtensions
{
    private const string Formats = $"{nameof(DType.Int8)}, {nameof(DType.Int4)} or {nameof(DType.Nf4)}";

    private static readonly string Tiers = $"one of {string.Join(", ", Enum.GetNames<SimdTier>())}";

    /// <summary>
    /// Adds <see cref="IChatClient"/> (a <see cref="VlmSharpChatClient"/>), <see cref="VisionLanguageModel"/> and
    /// <see cref="IComputeBackend"/> as singletons, and the model's tokenizer as a <see cref="Tokenizer"/>. The first request opens the
    /// model, and the container disposes of it. A backend, chat client or tokenizer that was added before stays.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets <see cref="VlmSharpOptions.ModelDirectory"/> and whatever differs from the defaults.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVlmSharp(this IServiceCollection services, Action<VlmSharpOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Add(services).Configure(configure);
        return services;
    }

    /// <summary>The same, with <see cref="VlmSharpOptions"/> bound to a section of the configuration.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="section">The section, for instance <c>builder.Configuration.GetSection("VlmSharp")</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVlmSharp(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        Add(services).Configure(_ => CheckWords(section)).Bind(section);
        return services;
    }

    private static OptionsBuilder<VlmSharpOptions> Add(IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<IComputeBackend>(CreateBackend);
        services.TryAddSingleton(OpenModel);
        services.TryAddSingleton(CreateClient);
        services.TryAddSingleton<Tokenizer>(CreateTokenizer);
        services.TryAddSingleton<IChatClient>(provider => provider.GetRequiredService<VlmSharpChatClient>());
        return services.AddOptions<VlmSharpOptions>()
            .Validate(o => o.ModelDirectory.Length > 0, "VlmSharp: ModelDirectory is empty; name the folder of a PaliGemma model.")
            .Validate(
                o => o.Threads is null or (>= 1 and <= 1024),
                "VlmSharp: Threads is out of range; give a number from 1 to 1024, or leave it out.")
            .Validate(o => Enum.IsDefined(o.Simd), $"VlmSharp: Simd is unknown; give {Tiers}, or leave it out.")
            .Validate(
                o => o.Quantization is null or DType.Int8 or DType.Int4 or DType.Nf4,
                $"VlmSharp: Quantization is of another format; give {Formats}, or leave it out.")
            .Validate(
                o => o.MaxKvCacheBytes is null or >= 1,
                "VlmSharp: MaxKvCacheBytes is out of range; give a number above 0, or leave it out.")
            .Validate(o => o.MaxOutputTokens >= 1, "VlmSharp: MaxOutputTokens is out of range; give a number above 0.")
            .Validate(
                o => o.ImageCacheBytes >= 0 && o.MaxPicturePixels >= 1,
                "VlmSharp: ImageCacheBytes or MaxPicturePixels is out of range; give a number of 0 or above, and above 0.")
            .ValidateOnStart();
    }

    /// <summary>Checks words before the binder does: its message would not say which words are allowed.</summary>
    private static void CheckWords(IConfiguration section)
    {
        Check<SimdTier>(nameof(VlmSharpOptions.Simd), Tiers);
        Check<DType>(nameof(VlmSharpOptions.Quantization), Formats);

        void Check<T>(string name, string words) where T : struct, Enum
        {
            if (string.IsNullOrEmpty(section[name]) || Enum.TryParse<T>(section[name], ignoreCase: true, out _)) return;
            string message = $"VlmSharp: {name} '{section[name]}' is unknown; give {words}, or leave it out.";
            throw new OptionsValidationException(Microsoft.Extensions.Options.Options.DefaultName, typeof(VlmSharpOptions), [message]);
        }
    }

    private static VlmSharpOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<VlmSharpOptions>>().Value;

    private static CpuBackend CreateBackend(IServiceProvider provider)
    {
        VlmSharpOptions options = Options(provider);
        return new CpuBackend(new CpuBackendOptions { Threads = options.Threads, Simd = options.Simd });
    }

    private static VisionLanguageModel OpenModel(IServiceProvider provider)
    {
        VlmSharpOptions options = Options(provider);
        ILogger? logger = provider.GetService<ILoggerFactory>()?.CreateLogger<VisionLanguageModel>();
        IComputeBackend backend = provider.GetRequiredService<IComputeBackend>();
        try
        {
            VisionLanguageModel model = VisionLanguageModel.Open(options.ModelDirectory, backend, new ModelOptions
            {
                AttentionSoftCap = options.AttentionSoftCap,
                FinalSoftCap = options.FinalSoftCap,
                SlidingWindow = options.SlidingWindow,
                Quantization = options.Quantization,
            });
            if (options.MaxKvCacheBytes is { } most) model.Engine.MaxKvCacheBytes = most;
            model.ImageFeatures.MaxBytes = options.ImageCacheBytes;
            logger?.Opened(model.Name, model.LoadTime.TotalMilliseconds, backend.Name, backend.Description);
            return model;
        }
        catch (VlmSharpException e)
        {
            logger?.NotOpened(options.ModelDirectory, e);
            throw;
        }
    }

    // A folder without a tokenizer still has a model; the loader's error reports the missing tokenizer.
    private static VlmSharpTokenizer CreateTokenizer(IServiceProvider provider) =>
        new(provider.GetRequiredService<VisionLanguageModel>().Tokenizer ?? TokenizerLoader.Load(Options(provider).ModelDirectory));

    private static VlmSharpChatClient CreateClient(IServiceProvider provider)
    {
        VlmSharpOptions options = Options(provider);
        return new VlmSharpChatClient(
            provider.GetRequiredService<VisionLanguageModel>,
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.ModelDirectory))), // the name the model will have
            new GenerationOptions { MaxNewTokens = options.MaxOutputTokens },
            new ImageOptions { MaxPixels = options.MaxPicturePixels },
            provider.GetService<ILoggerFactory>()?.CreateLogger<VlmSharpChatClient>());
    }
}
