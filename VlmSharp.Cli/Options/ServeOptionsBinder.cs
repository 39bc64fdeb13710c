using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Generation;
using VlmSharp.Server;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Cli.Options;

/// <summary>The options of <c>serve</c> apart from the model's, and the <see cref="ServerOptions"/> that they make.</summary>
internal sealed class ServeOptionsBinder
{
    private const string KeysVariable = "VLMSHARP_API_KEYS";

    private static readonly ServerOptions Default = new();

    private readonly Option<string> host = new("--host")
    {
        Description = "Address to listen on: an IP address, localhost, or * for all.",
        HelpName = "H",
        DefaultValueFactory = _ => Default.Host,
    };
    private readonly Option<int?> port = Number("--port", "N", "Port to listen on; 0 takes a free one.", Default.Port);
    private readonly Option<string?> name = new("--name")
    {
        Description = "What requests call the model (default: the name of its folder).",
        HelpName = "NAME",
    };
    private readonly Option<bool> noAuth = new("--no-auth") { Description = "Let everyone who reaches --host ask without a key." };
    private readonly Option<string[]> allowedHosts = new("--allowed-hosts")
    {
        Description = "A name that the server is reached by without keys, beside its addresses and localhost; repeatable (default: none).",
        HelpName = "HOST",
    };
    private readonly Option<string[]> allowOrigins = new("--allow-origins")
    {
        Description = "An origin, such as https://app.example.com, whose web pages may use the server; repeatable (default: none).",
        HelpName = "ORIGIN",
    };
    private readonly Option<int?> maxBatch = Number(
        "--max-batch", "N", "Most answers generated at the same time.", Default.MaxBatch);
    private readonly Option<int?> maxQueue = Number(
        "--max-queue", "N", "Most requests that wait; further ones get 429.", Default.MaxQueue);
    private readonly Option<double?> timeout = Seconds(
        "--timeout", "A request's time, waiting included; then it gets 504.", Default.Timeout.TotalSeconds);
    private readonly Option<double?> drain = Seconds(
        "--drain", "Time for running requests when the server is stopped.", Default.DrainLimit.TotalSeconds);
    private readonly Option<long?> maxBody = Bytes("--max-body", "Largest body of a request.", Default.MaxBodyBytes);
    private readonly Option<long?> maxBuffered = Bytes(
        "--max-buffered",
        "Memory for the bodies of all requests, and as much again for their pictures at the model's size.",
        Default.MaxBufferedBytes);
    private readonly Option<int?> maxPictures = Number(
        "--max-pictures", "N", "Most pictures of a request.", Default.Pictures.MaxPictures);
    private readonly Option<string?> keyFile = new("--api-key-file")
    {
        Description = "A file of API keys, a line each; VLMSHARP_API_KEYS holds further ones.",
        HelpName = "FILE",
    };
    private readonly Option<int?> clientRequests = NumberOption.Create<int>(
        "--client-requests", "N", "Most requests of one key at the same time (default: any number).");
    private readonly Option<int?> clientRate = NumberOption.Create<int>(
        "--client-rate", "N", "Most requests of one key in a minute (default: any number).");
    private readonly Option<string[]> imageHosts = new("--allow-image-hosts")
    {
        Description = "A host that pictures may be fetched from, such as images.example.com or *.example.com; repeatable (default: none).",
        HelpName = "HOST",
    };
    private readonly Option<string?> mediaPath = new("--allowed-local-media-path")
    {
        Description = "A folder from which file: addresses may name pictures (default: none).",
        HelpName = "DIR",
    };
    private readonly Option<bool> logContent = new("--log-content") { Description = "Write prompts and answers into the request log too." };
    private readonly Option<bool> noLog = new("--no-log") { Description = "No request log on standard error." };
    private readonly Option<int?> maxPrompt = Number(
        "--max-prompt", "N", "Most characters of a prompt.", Default.MaxPromptCharacters);
    private readonly Option<int?> maxChoices = Number("--max-n", "N", "Most answers to one request (n).", Default.MaxChoices);
    private readonly Option<long?> imageCache = Bytes(
        "--image-cache", "Memory for what the encoder made of the last pictures.", ImageFeatureCache.DefaultMaxBytes);
    private readonly Option<long?> kvCache = NumberOption.Create<long>(
        "--max-kv-cache", "BYTES", "Memory for the KV caches of running answers (default: half of what the weights leave).");

    public void AddTo(Command command)
    {
        Option[] all =
        [
            host, port, name, noAuth, allowedHosts, allowOrigins, maxBatch, maxQueue, timeout, drain, maxBody, maxBuffered,
            maxPictures, maxPrompt, maxChoices, keyFile, clientRequests, clientRate, imageHosts, mediaPath, logContent, noLog,
            imageCache, kvCache,
        ];
        foreach (Option option in all) command.Add(option);
    }

    /// <summary>Makes the server's options.</summary>
    /// <param name="standardName">The model's name if none is given, or null for its folder's name.</param>
    /// <param name="environment">Returns an environment variable. It gives the API keys, which no command line should hold, and the
    /// telemetry settings.</param>
    /// <param name="log">Receives the request log.</param>
    /// <param name="warn">Receives warnings about settings that are allowed but not advisable.</param>
    public ServerOptions Bind(
        ParseResult parsed, string? standardName, Func<string, string?> environment, Stream log, Action<string> warn) =>
        new()
        {
            Host = parsed.GetValue(host)!,
            Port = parsed.GetValue(port)!.Value,
            AllowAnonymous = parsed.GetValue(noAuth),
            AllowedHosts = parsed.GetValue(allowedHosts) ?? [],
            AllowedOrigins = parsed.GetValue(allowOrigins) ?? [],
            ModelName = parsed.GetValue(name) ?? standardName,
            MaxBatch = parsed.GetValue(maxBatch)!.Value,
            MaxQueue = parsed.GetValue(maxQueue)!.Value,
            Timeout = Span(parsed, timeout),
            DrainLimit = Span(parsed, drain),
            MaxBodyBytes = parsed.GetValue(maxBody)!.Value,
            MaxBufferedBytes = parsed.GetValue(maxBuffered)!.Value,
            MaxPromptCharacters = parsed.GetValue(maxPrompt)!.Value,
            MaxChoices = parsed.GetValue(maxChoices)!.Value,
            Pictures = new PictureOptions
            {
                MaxPictures = parsed.GetValue(maxPictures)!.Value,
                AllowedHosts = parsed.GetValue(imageHosts) ?? [],
                AllowedLocalMediaPath = parsed.GetValue(mediaPath),
            },
            ApiKeyFile = parsed.GetValue(keyFile),
            ApiKeys = environment(KeysVariable),
            ClientLimits = new ClientLimitOptions
            {
                MaxRequestsAtOnce = parsed.GetValue(clientRequests),
                RequestsPerMinute = parsed.GetValue(clientRate),
            },
            Log = new RequestLogOptions { Output = parsed.GetValue(noLog) ? null : log, IncludeContent = parsed.GetValue(logContent) },
            Otlp = OtlpOf(environment),
            Warn = warn,
        };

    /// <summary>The telemetry settings from OpenTelemetry's own variables, or null if they name no collector.</summary>
    private static OtlpOptions? OtlpOf(Func<string, string?> environment)
    {
        const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
        if (environment(Endpoint) is not { Length: > 0 } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint))
            throw new UsageException($"{Endpoint} '{text}': give an address such as http://localhost:4318.");
        return new OtlpOptions
        {
            Endpoint = endpoint,
            UsesGrpc = environment("OTEL_EXPORTER_OTLP_PROTOCOL") is "grpc",
            Headers = environment("OTEL_EXPORTER_OTLP_HEADERS"),
            ServiceName = environment("OTEL_SERVICE_NAME") is { Length: > 0 } name ? name : "vlmsharp",
        };
    }

    /// <summary>The address at which this machine reaches the server: loopback if the server listens on all addresses.</summary>
    public Uri Address(ParseResult parsed)
    {
        string given = parsed.GetValue(host)!;
        string reached = given switch
        {
            "*" or "+" or "0.0.0.0" => "127.0.0.1",
            "::" or "[::]" => "[::1]",
            _ when given.Contains(':', StringComparison.Ordinal) => $"[{given.Trim('[', ']')}]",
            _ => given,
        };
        return Uri.TryCreate($"http://{reached}:{parsed.GetValue(port)}", UriKind.Absolute, out Uri? address)
            ? address
            : throw new UsageException($"--host {given}: give an IP address, or * for all.");
    }

    /// <summary>Memory for image tokens, in bytes.</summary>
    public long ImageCacheBytes(ParseResult parsed) => NumberOption.AtLeast(parsed, imageCache, 0)!.Value;

    /// <summary>Memory for KV caches, in bytes, or null.</summary>
    public long? KvCacheBytes(ParseResult parsed) => NumberOption.AtLeast(parsed, kvCache, 1);

    private static TimeSpan Span(ParseResult parsed, Option<double?> option) =>
        parsed.GetValue(option) is >= 0 and < 86400 and double seconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"{option.Name} {parsed.GetValue(option)}: give seconds from 0 up, less than a day.");

    private static Option<int?> Number(string name, string helpName, string description, int standard)
    {
        Option<int?> option = NumberOption.Create<int>(name, helpName, description);
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    private static Option<double?> Seconds(string name, string description, double standard)
    {
        Option<double?> option = NumberOption.Create<double>(name, "SECONDS", description);
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    private static Option<long?> Bytes(string name, string description, long standard)
    {
        Option<long?> option = NumberOption.Create<long>(name, "BYTES", description);
        option.DefaultValueFactory = _ => standard;
        return option;
    }
}
