using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Options;

/// <summary>The options of a load test: the server, the load and the requests.</summary>
internal sealed class LoadOptionsBinder
{
    private const double DefaultDuration = 20, DefaultWarmup = 2, MostSeconds = 86_400, MostRate = 100_000;
    private const int MostStages = 64, MostKeyBytes = 1 << 16;
    private const string DefaultRates = "1,2,4,8", DefaultTokens = "16,64";

    /// <summary>Prompts for pictures that have none of their own: short and long ones, with short and long answers.</summary>
    private static readonly string[] DefaultPrompts =
        ["caption en", "answer en what is in the picture?", "answer en how many things are there, and what color is the largest of them?"];

    private readonly Argument<string> url = new("URL")
    {
        Description = "The server, for instance http://127.0.0.1:8000; with or without /v1.",
    };
    private readonly Option<string?> rate = new("--rate")
    {
        Description = $"Requests a second, such as 0.5, or several rates one after another, such as 1,5 (default: {DefaultRates}).",
        HelpName = "R,...",
    };
    private readonly Option<string?> clients = new("--clients")
    {
        Description = "Instead of a rate: clients that each wait for an answer and ask again; or several numbers.",
        HelpName = "N,...",
    };
    private readonly Option<double?> duration = NumberOption.Create<double>(
        "--duration", "SECONDS", $"How long each stage sends requests (default: {DefaultDuration}).");
    private readonly Option<int?> requests = NumberOption.Create<int>("--requests", "N", "Instead of a duration: requests of each stage.");
    private readonly Option<double?> warmup = NumberOption.Create<double>(
        "--warmup", "SECONDS", $"Before that, requests that are sent and not counted (default: {DefaultWarmup}).");
    private readonly Option<string[]> images = new("--image", "-i")
    {
        Description = "A picture, a folder or a list of pictures; may be repeated (default: the demo's samples).",
        HelpName = "FILE",
    };
    private readonly Option<bool> textOnly = new("--text-only") { Description = "Send no pictures, for servers and models of text alone." };
    private readonly Option<string[]> prompt = new("--prompt", "-p")
    {
        Description = "What to ask, word for word; may be repeated, and each request takes one.",
        HelpName = "TEXT",
    };
    private readonly Option<string?> prompts = new("--prompts")
    {
        Description = "A file with {\"prompt\": ...} a line; \"image\" and \"max_tokens\" may be there too.",
        HelpName = "X.jsonl",
    };
    private readonly Option<string?> maxTokens = new("--max-tokens", "-n")
    {
        Description = $"Most tokens of an answer; with several values each request takes one (default: {DefaultTokens}).",
        HelpName = "N,...",
    };
    private readonly Option<double?> cancelShare = NumberOption.Create<double>(
        "--cancel-share", "F", "Share of the requests that are given up half way, 0 to 1 (default: 0).");
    private readonly Option<double?> firstDeadline = NumberOption.Create<double>(
        "--deadline-ttft", "SECONDS", "Count the answers whose first token comes within this.");
    private readonly Option<double?> deadline = NumberOption.Create<double>(
        "--deadline", "SECONDS", "Count the answers that are whole within this.");
    private readonly Option<double?> timeout = NumberOption.Create<double>(
        "--timeout", "SECONDS", "After this a request has failed (default: 120).");
    private readonly Option<int?> maxInFlight = NumberOption.Create<int>(
        "--max-in-flight", "N", "Requests on their way at once; more are not sent and count as errors (default: 4096).");
    private readonly Option<long?> seed = NumberOption.Create<long>("--seed", "N", "Seed of arrivals and of the mix (default: 0).");
    private readonly Option<string?> model = new("--model", "-m")
    {
        Description = "The model's name at the server (default: the first that it lists).",
        HelpName = "NAME",
    };
    private readonly Option<string?> keyFile = new("--api-key-file")
    {
        Description = "A file with the API key: the first line that is not blank and does not begin with #.",
        HelpName = "FILE",
    };
    private readonly Option<bool> newConnections = new("--new-connections")
    {
        Description = "Open a connection for each request, for servers that close theirs after an answer.",
    };
    private readonly Option<string?> extra = new("--extra")
    {
        Description = "A JSON object whose members every request has, for instance '{\"ignore_eos\": true}'.",
        HelpName = "JSON",
    };

    public void AddTo(Command command)
    {
        command.Add(url);
        Option[] all =
        [
            rate, clients, duration, requests, warmup, images, textOnly, prompt, prompts, maxTokens, cancelShare, firstDeadline,
            deadline, timeout, maxInFlight, seed, model, keyFile, newConnections, extra,
        ];
        foreach (Option option in all) command.Add(option);
        foreach (Option option in new Option[] { images, prompts, keyFile }) FileList.RefuseEmpty(option);
    }

    public Uri Url(ParseResult parsed)
    {
        string text = parsed.GetValue(url)!;
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" &&
            address!.UserInfo.Length == 0
                ? address
                : throw new UsageException(
                    $"'{text}' is no server: give a URL such as http://127.0.0.1:8000; a key goes into a file, --api-key-file.");
    }

    /// <summary>The model's name, or null.</summary>
    public string? Model(ParseResult parsed) => parsed.GetValue(model);

    /// <summary>The seed of all random draws.</summary>
    public long Seed(ParseResult parsed) => parsed.GetValue(seed) ?? 0;

    /// <summary>The API key, or null.</summary>
    public string? Key(ParseResult parsed)
    {
        if (parsed.GetValue(keyFile) is not { } path) return null;
        string text = Encoding.UTF8.GetString(SmallFile.Read(path, MostKeyBytes));
        string key = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('#')) ?? "";
        return key.Length > 0 && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new UsageException($"{path} has no key: its first line that is not blank and does not begin with # must be one, "
                + "of printable ASCII without blanks.");
    }

    /// <summary>Whether each request opens a connection of its own.</summary>
    public bool NewConnections(ParseResult parsed) => parsed.GetValue(newConnections);

    /// <summary>JSON members to add to every request, or null.</summary>
    public JsonElement? Extra(ParseResult parsed)
    {
        if (parsed.GetValue(extra) is not { } text) return null;
        string[] own = ["messages", "model", "max_tokens", "stream", "stream_options"];
        try
        {
            JsonElement json = JsonElement.Parse(text);
            if (json.ValueKind != JsonValueKind.Object)
                throw new UsageException("--extra is no JSON object: give one such as '{\"ignore_eos\": true}'.");
            return own.FirstOrDefault(name => json.TryGetProperty(name, out _)) is { } taken
                ? throw new UsageException($"--extra has \"{taken}\", which the command sets itself: leave it out.")
                : json;
        }
        catch (JsonException e)
        {
            throw new UsageException($"--extra is no JSON: {e.Message}");
        }
    }

    /// <summary>The plan of the load test.</summary>
    /// <param name="keepsText">Whether the texts of answers are kept.</param>
    /// <exception cref="UsageException">An option is out of range.</exception>
    /// <exception cref="IOException">A picture or a file of prompts cannot be read.</exception>
    public LoadPlan Plan(ParseResult parsed, bool keepsText)
    {
        if (parsed.GetValue(duration) is not null && parsed.GetValue(requests) is not null)
            throw new UsageException("--duration and --requests exclude each other: give one.");
        int inFlight = NumberOption.InRange(parsed, maxInFlight, 1, 65_536) ?? 4096;
        var plan = new LoadPlan(Stages(parsed, inFlight), Mix(parsed))
        {
            Duration = parsed.GetValue(requests) is not null ? null
                : NumberOption.InRange(parsed, duration, 0.1, MostSeconds) ?? DefaultDuration,
            Requests = NumberOption.InRange(parsed, requests, 1, LoadPlan.MostRequests),
            Warmup = NumberOption.InRange(parsed, warmup, 0, MostSeconds) ?? DefaultWarmup,
            Timeout = NumberOption.InRange(parsed, timeout, 0.01, MostSeconds) ?? 120,
            MaxInFlight = inFlight,
            FirstTokenDeadline = NumberOption.InRange(parsed, firstDeadline, 0, MostSeconds),
            Deadline = NumberOption.InRange(parsed, deadline, 0, MostSeconds),
            KeepsText = keepsText,
        };
        if (plan.Stages.FirstOrDefault(s => plan.Expected(s) > LoadPlan.MostRequests) is { } long_)
            throw new UsageException(
                $"{long_} for so long are {plan.Expected(long_)} requests, and a stage may have {LoadPlan.MostRequests}: " +
                "give less of one of them.");
        return plan;
    }

    /// <summary>A note on rates that may be meant as one number with a decimal comma: 1,5. Null for other rates.</summary>
    public string? Note(ParseResult parsed)
    {
        if (parsed.GetValue(rate) is not { } text || text.Split(',') is not [var first, var second]) return null;
        return Array.TrueForAll([first, second], part => part.Length > 0 && part.All(char.IsAsciiDigit))
            ? $"{rate.Name} {text} is two rates, one after another: {first}/s and {second}/s; a number with decimals has a point: "
                + $"{first}.{second}."
            : null;
    }

    private LoadStage[] Stages(ParseResult parsed, int inFlight)
    {
        if (parsed.GetValue(clients) is not { } counts)
            return [.. List<double>(rate, parsed.GetValue(rate) ?? DefaultRates, 0.001, MostRate).Select(r => new LoadStage(r, null))];
        if (parsed.GetValue(rate) is not null) throw new UsageException("--rate and --clients exclude each other: give one.");
        return [.. List<int>(clients, counts, 1, inFlight).Select(c => new LoadStage(null, c))];
    }

    private LoadMix Mix(ParseResult parsed)
    {
        List<LoadPrompt> asked = [.. (parsed.GetValue(prompt) ?? []).Select(text => new LoadPrompt(text))];
        if (parsed.GetValue(prompts) is { } file) asked.AddRange(LoadPrompt.ReadFile(file));
        string[] given = parsed.GetValue(images) ?? [];
        bool sendsText = parsed.GetValue(textOnly);
        if (sendsText && given.Length > 0) throw new UsageException("--text-only and --image exclude each other: give one.");
        string samples = Path.Combine(AppContext.BaseDirectory, "demo", "samples");
        if (given.Length == 0 && asked.Count == 0)
            asked.AddRange(LoadPrompt.ReadFile(Path.Combine(samples, "answers.json"))); // with their pictures
        if (asked.Count == 0) asked.AddRange(DefaultPrompts.Select(text => new LoadPrompt(text)));
        if (given.Length == 0 && asked.Any(p => p.Picture is null)) given = [samples];
        int[] tokens = List<int>(maxTokens, parsed.GetValue(maxTokens) ?? DefaultTokens, 1, 1_000_000);
        double canceled = NumberOption.InRange(parsed, cancelShare, 0, 1) ?? 0;
        return new LoadMix(asked, sendsText ? null : given.Length == 0 ? [] : Pictures(given), tokens, canceled, Seed(parsed));
    }

    private static IEnumerable<string> Pictures(string[] given)
    {
        foreach (WorkItem item in new WorkList(given, PipedInput.Standard).Items(0, 1))
        {
            if (item.Fault is { } fault) throw new IOException($"{item.Id}: {fault}");
            if (item.Given is not null) throw new UsageException("--image -: give the picture as a file, or a list of files on standard "
                + "input.");
            foreach (string image in item.Images) yield return image;
        }
    }

    /// <summary>Parses numbers that are separated by commas.</summary>
    private static T[] List<T>(Option option, string text, T least, T most) where T : System.Numerics.INumber<T>
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        if (parts.Length > MostStages) throw new UsageException($"{option.Name} has {parts.Length} numbers: give at most {MostStages}.");
        return [.. parts.Select(part =>
            T.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out T? value) && value >= least && value <= most
                ? value
                : throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{option.Name} '{part}': give a number from {least} to {most}, or several with commas between.")))];
    }
}
