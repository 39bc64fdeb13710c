using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// The file <c>metrics.jsonl</c>: one line with <c>loss</c> for each optimizer step, from 0, and lines of other kinds, which have
/// <c>kind</c> and no <c>loss</c>. Each line is passed to the operating system in one write. A resumed run first cuts off everything after
/// its checkpoint, so that each step occurs once.
/// </summary>
/// <param name="path">Created if it does not exist; a resumed run goes on in it.</param>
public sealed class MetricsFile(string path) : IRunTracker
{
    /// <summary>Its usual name in a run's folder.</summary>
    public const string FileName = "metrics.jsonl";

    private const int LongestLine = 1 << 24;

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> line = new();
    private FileStream? stream;

    /// <inheritdoc/>
    public void Begin(RunInfo run)
    {
        ArgumentNullException.ThrowIfNull(run);
        stream = new FileStream(
            path, run.FirstStep == 0 ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        long end = WholeUntil(stream, run.FirstStep);
        stream.SetLength(end);
        stream.Position = end;
    }

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics)
    {
        StepMetrics m = metrics;
        Append(json =>
        {
            json.WriteNumber("step", m.Step);
            Number(json, "loss", m.Loss);
            Number(json, "grad_norm", m.GradientNorm);
            Number(json, "lr", m.Rate);
            json.WriteNumber("tokens", m.Tokens);
            Number(json, "tokens_per_s", m.TokensPerSecond);
        });
    }

    /// <summary>A line of the metrics, each as <c>eval_NAME</c>, and one for each sample.</summary>
    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Append(json =>
        {
            json.WriteNumber("step", step);
            json.WriteString("kind", "eval");
            foreach (var (name, value) in result.Metrics) Number(json, $"eval_{name}", value);
        });
        foreach (SampleGeneration sample in result.Samples)
            Append(json =>
            {
                json.WriteNumber("step", step);
                json.WriteString("kind", "sample");
                json.WriteString("prompt", sample.Prompt);
                if (sample.Expected is { } expected) json.WriteString("expected", expected);
                json.WriteString("answer", sample.Answer);
            });
    }

    /// <inheritdoc/>
    public void Sync() => stream?.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void End(RunStatus status) => Sync();

    /// <summary>Closes the file.</summary>
    public void Dispose() => stream?.Dispose();

    private void Append(Action<Utf8JsonWriter> write)
    {
        line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(line, Compact))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        (stream ?? throw new InvalidOperationException("The run has not begun.")).Write(line.WrittenSpan);
    }

    /// <summary>JSON has no infinity and no NaN: they become null.</summary>
    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    /// <summary>
    /// The start of the first line of a step that does not count as done: a step's own line has a number below the limit, an evaluation
    /// between two steps has at most the limit. An incomplete last line and any foreign line are cut off too.
    /// </summary>
    private static long WholeUntil(FileStream stream, long firstStep)
    {
        var reader = new BufferedStream(stream, 1 << 16); // not disposed of: the stream stays open
        var bytes = new ArrayBufferWriter<byte>();
        long end = 0;
        for (int value; (value = reader.ReadByte()) >= 0 && bytes.WrittenCount < LongestLine;)
        {
            if (value != '\n')
            {
                bytes.GetSpan(1)[0] = (byte)value;
                bytes.Advance(1);
                continue;
            }

            if (!IsBefore(bytes.WrittenSpan, firstStep)) break;
            end += bytes.WrittenCount + 1;
            bytes.ResetWrittenCount();
        }

        return end;
    }

    private static bool IsBefore(ReadOnlySpan<byte> line, long firstStep)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            using JsonDocument document = JsonDocument.ParseValue(ref json);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("step", out JsonElement number)
                && number.TryGetInt64(out long step)
                && (root.TryGetProperty("kind", out _) ? step <= firstStep : step < firstStep);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
