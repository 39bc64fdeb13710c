using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using VlmSharp.Evaluation.Statistics;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Output;

/// <summary>JSON on standard output, one value per line.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the command line asks for JSON on standard output.</summary>
    public static bool IsAskedFor(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.OfType<Option<bool>>().FirstOrDefault(o => o.Name == "--json") is { } json
        && parsed.GetValue(json);

    /// <summary>Writes one value as one line.</summary>
    public static void WriteLine(Action<Utf8JsonWriter> write) => Console.Out.WriteLine(ToText(write));

    /// <summary>One value as text.</summary>
    public static string ToText(Action<Utf8JsonWriter> write) => Encoding.UTF8.GetString(ToBytes(write));

    /// <summary>One value as UTF-8.</summary>
    public static byte[] ToBytes(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options)) write(json);
        return buffer.ToArray();
    }

    /// <summary>An array of numbers under a name.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>An array of reals under a name.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<float> values)
    {
        json.WriteStartArray(name);
        foreach (float value in values) json.WriteReal(value);
        json.WriteEndArray();
    }

    /// <summary>An array of reals under a name.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values) json.WriteReal(value);
        json.WriteEndArray();
    }

    /// <summary>A real under a name.</summary>
    public static void WriteReal(this Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.WriteReal(value);
    }

    /// <summary>An array of texts under a name.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    /// <summary>An interval under a name, as its two ends.</summary>
    public static void WriteInterval(this Utf8JsonWriter json, string name, Interval interval)
    {
        json.WriteStartArray(name);
        json.WriteNumberValue(interval.Low);
        json.WriteNumberValue(interval.High);
        json.WriteEndArray();
    }

    /// <summary>Writes a real; null if it is not finite, which JSON cannot represent and a damaged model can produce.</summary>
    private static void WriteReal(this Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }

    /// <inheritdoc cref="WriteReal(Utf8JsonWriter, float)"/>
    private static void WriteReal(this Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }

    /// <summary>The JSON name of a finish reason.</summary>
    public static string NameOf(FinishReason finish) => finish switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => "none",
    };

    /// <summary>Writes the members of a result, including candidates, beams and sampling if there are any.</summary>
    public static void WriteResult(this Utf8JsonWriter json, GenerationResult result)
    {
        json.WriteNumbers("token_ids", result.TokenIds);
        json.WriteNumbers("logprobs", result.LogProbabilities);
        if (result.TopLogProbabilities is { } steps) json.WriteCandidates("top_logprobs", steps);
        json.WriteString("text", result.Text);
        json.WriteString("finish_reason", NameOf(result.Finish));
        json.WriteNumber("prompt_tokens", result.PromptTokens);
        if (result.Score is { } score)
        {
            json.WritePropertyName("score");
            json.WriteReal(score);
        }

        if (result.Seed is { } seed) json.WriteNumber("seed", seed);
    }

    /// <summary>Writes the candidates of each step, most likely first.</summary>
    private static void WriteCandidates(this Utf8JsonWriter json, string name, IReadOnlyList<IReadOnlyList<TokenCandidate>> steps)
    {
        json.WriteStartArray(name);
        foreach (IReadOnlyList<TokenCandidate> step in steps)
        {
            json.WriteStartArray();
            foreach (TokenCandidate candidate in step)
            {
                json.WriteStartObject();
                json.WriteNumber("token_id", candidate.Id);
                json.WritePropertyName("logprob");
                json.WriteReal(candidate.LogProbability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes timings in seconds, and rates. On a backend that queues its operators, prefill includes vision.</summary>
    public static void WriteTimings(this Utf8JsonWriter json, VisionLanguageModel model, GenerationTimings timings)
    {
        json.WriteStartObject("timings");
        json.WriteNumber("load_s", Seconds(model.LoadTime));
        if (!model.Backend.IsQueued) json.WriteNumber("vision_s", Seconds(timings.Vision));
        json.WriteNumber("prefill_s", Seconds(timings.Prefill));
        json.WriteNumber("prefill_tokens_per_s", Rate(timings.PromptTokens, timings.Prefill));
        json.WriteNumber("decode_s", Seconds(timings.Decode));
        json.WriteNumber("decode_tokens_per_s", Rate(timings.DecodedTokens, timings.Decode));
        json.WriteEndObject();
        json.WriteString("backend", $"{model.Backend.Name}: {model.Backend.Description}");
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 6);

    /// <summary>Items per second; 0 without items.</summary>
    public static double Rate(int count, TimeSpan time) => count == 0 ? 0 : Math.Round(count / Math.Max(time.TotalSeconds, 1e-9), 3);
}
