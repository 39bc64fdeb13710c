using System.Diagnostics;
using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Server.Native;

/// <summary>
/// A native request after its pictures are read: asks the model, and writes the answer. Its pictures count until it is disposed of.
/// </summary>
internal sealed class NativeJob : IDisposable
{
    private readonly ApiCall call;
    private readonly NativeRequest request;
    private readonly VisionTask task;
    private readonly SeenPictures seen;
    private readonly string model;
    private readonly string id = $"vlm-{Guid.NewGuid():N}";

    private NativeJob(ApiCall call, NativeRequest request, string model, VisionTask task, SeenPictures seen, GenerationRequest asking) =>
        (this.call, this.request, this.model, this.task, this.seen, Asking) = (call, request, model, task, seen, asking);

    /// <summary>What the model is asked; without pictures once it is disposed of.</summary>
    public GenerationRequest Asking { get; private set; }

    /// <summary>How the answer is generated.</summary>
    public GenerationOptions Options => request.Sampling.Build(task.MaxNewTokens);

    /// <summary>Reads the pictures, and builds the model's request.</summary>
    /// <param name="call">The HTTP request, whose limits hold.</param>
    /// <param name="request">Its members.</param>
    /// <param name="pictures">Reads the pictures.</param>
    /// <param name="isWhole">Whether the pictures will be shown.</param>
    public static async Task<NativeJob> PrepareAsync(ApiCall call, NativeRequest request, PictureReader pictures, bool isWhole = false)
    {
        (string id, string adapter) = call.Choose(request.Model);
        VisionTask task = request.Task();
        SeenPictures seen = await pictures.ReadAsync(call, request.Pictures, isWhole);
        try
        {
            request.Pictures.Clear(); // what waits in the queue is small
            GenerationRequest asking = request.Prompt is { } words
                ? new GenerationRequest { Images = seen.Images, Prompt = words }
                : call.Served.Tasks.Request(task, seen.Images);
            if (task.HasBoxes) asking = call.Served.Tasks.ForBoxes(asking);
            call.Record.Prompt = asking.Prompt;
            return new NativeJob(call, request, id, task, seen, asking with { Adapter = adapter });
        }
        catch
        {
            seen.Dispose();
            throw;
        }
    }

    /// <summary>Asks the model.</summary>
    public Task<Asked> AskAsync() => Asked.BeginAsync(call, [Asking], Options);

    /// <summary>Writes the answer as an object.</summary>
    public void Write(Utf8JsonWriter json, Asked asked, GenerationResult result)
    {
        TaskResult read = call.Served.Tasks.Read(task, result, seen.First.Width, seen.First.Height);
        json.WriteStartObject();
        json.WriteString("task", task.Name);
        json.WriteString("prompt", Asking.Prompt);
        json.WriteNumber("width", read.Width);
        json.WriteNumber("height", read.Height);
        TaskJson.WriteDetections(json, read.Detections, request.WantsPng ? WritePng : null);
        json.WriteString("id", id);
        json.WriteString("model", model);
        json.WriteString("text", result.Text);
        json.WriteString("finish_reason", Asked.Finish(result));
        if (result.Seed is { } seed) json.WriteNumber("seed", seed);
        asked.UsageOf([result]).Write(json);
        json.WriteStartObject("timings");
        json.WriteNumber("queue_ms", Milliseconds(call.Record.Queued));
        if (asked.TimeToFirstToken is { } time) json.WriteNumber("first_token_ms", Milliseconds(time));
        json.WriteNumber("total_ms", Milliseconds(Stopwatch.GetElapsedTime(call.Record.Start)));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Gives the memory of its pictures back.</summary>
    public void Dispose()
    {
        Asking = Asking with { Images = [] };
        seen.Dispose();
    }

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    /// <summary>A mask as a gray picture of full size: 255 inside the object.</summary>
    private static void WritePng(Utf8JsonWriter json, SegmentationMask mask)
    {
        using var file = new MemoryStream();
        PngWriter.Write(mask.ToImage(), file);
        json.WriteString("mask_png", $"data:image/png;base64,{Convert.ToBase64String(file.GetBuffer(), 0, (int)file.Length)}");
    }
}
