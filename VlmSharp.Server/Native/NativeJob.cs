using System.Diagnostics;
using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Server.Native;

/// <summary>A native request after its pictures are read: asks the model, and writes the answer.</summary>
internal sealed class NativeJob
{
    private readonly ApiCall call;
    private readonly NativeRequest request;
    private readonly VisionTask task;
    private readonly SeenPicture first;
    private readonly string model;
    private readonly string id = $"vlm-{Guid.NewGuid():N}";

    private NativeJob(ApiCall call, NativeRequest request, string model, VisionTask task, SeenPicture first, GenerationRequest asking) =>
        (this.call, this.request, this.model, this.task, this.first, Asking) = (call, request, model, task, first, asking);

    /// <summary>What the model is asked.</summary>
    public GenerationRequest Asking { get; }

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
        IReadOnlyList<SeenPicture> seen = await pictures.ReadAsync(call, request.Pictures, isWhole);
        request.Pictures.Clear(); // what waits in the queue is small
        RgbImage[] images = [.. seen.Select(p => p.Image)];
        GenerationRequest asking = request.Prompt is { } words
            ? new GenerationRequest { Images = images, Prompt = words }
            : call.Served.Tasks.Request(task, images);
        if (task.HasBoxes) asking = call.Served.Tasks.ForBoxes(asking);
        call.Record.Prompt = asking.Prompt;
        return new NativeJob(call, request, id, task, seen[0], asking with { Adapter = adapter });
    }

    /// <summary>Asks the model.</summary>
    public Task<Asked> AskAsync() => Asked.BeginAsync(call, [Asking], Options);

    /// <summary>Writes the answer as an object.</summary>
    public void Write(Utf8JsonWriter json, Asked asked, GenerationResult result)
    {
        TaskResult read = call.Served.Tasks.Read(task, result, first.Width, first.Height);
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

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    /// <summary>A mask as a gray picture of full size: 255 inside the object.</summary>
    private static void WritePng(Utf8JsonWriter json, SegmentationMask mask)
    {
        using var file = new MemoryStream();
        PngWriter.Write(mask.ToImage(), file);
        json.WriteString("mask_png", $"data:image/png;base64,{Convert.ToBase64String(file.GetBuffer(), 0, (int)file.Length)}");
    }
}
