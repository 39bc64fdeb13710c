using System.CommandLine;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp inspect</c>: what a model folder holds, without computing anything.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelOptionsBinder.ModelOption();
        var tensors = new Option<bool>("--tensors", "-t") { Description = "List every tensor with format, shape and file." };
        Option<bool> ignoreExtra = ModelOptionsBinder.IgnoreExtraOption();
        var json = new Option<bool>("--json") { Description = "One JSON object instead of text." };
        var command = new ExampleCommand("inspect", "Shows a model's architecture and parameter totals.", """
            Opening a model checks that every tensor is there in its shape; no weights are read.

            Examples:
              vlmsharp inspect
              vlmsharp inspect --model paligemma-3b-mix-224 --tensors
              vlmsharp inspect --model paligemma-3b-mix-224 --plan --requests 8 --beams 3
              vlmsharp inspect --model paligemma-3b-mix-224 --plan --quantize int8 --adapter my-adapter
            """) { model, tensors, json, ignoreExtra };
        var plan = new PlanPrinter();
        plan.AddTo(command);
        command.SetAction(parsed =>
        {
            string folder = ModelOptionsBinder.FolderOf(parsed.GetValue(model));
            bool ignores = parsed.GetValue(ignoreExtra);
            if (plan.IsAsked(parsed))
            {
                if (parsed.GetValue(tensors))
                    throw new UsageException($"{tensors.Name} is for a listing, and --plan prints none: leave one of them out.");
                plan.Print(parsed, folder, ignores, parsed.GetValue(json));
                return ExitCodes.Success;
            }

            using Checkpoint checkpoint = Checkpoint.Open(folder, ignores);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => WriteJson(o, checkpoint, parsed.GetValue(tensors)));
            else WriteText(checkpoint, parsed.GetValue(tensors));
            return ExitCodes.Success;
        });
        return command;
    }

    private static void WriteText(Checkpoint checkpoint, bool tensors)
    {
        VisionConfig v = checkpoint.Config.Vision;
        TextConfig t = checkpoint.Config.Text;
        ParameterCounts counts = checkpoint.ParameterCounts;
        string head = checkpoint.HasSeparateHead ? ", separate head" : ", head tied to the embedding";
        string vision =
            $"SigLIP: {v.ImageSize} px, {v.Patches} patches of {v.PatchSize} px, {v.Layers} layers, width {v.HiddenSize}, " +
            $"MLP {v.IntermediateSize}, {v.Heads} heads of {v.HeadDim}";
        string caps = t.AttentionSoftCap > 0 || t.FinalSoftCap > 0
            ? $", soft-caps {t.AttentionSoftCap:0.#} (attention) {t.FinalSoftCap:0.#} (logits)"
            : "";
        string window = t.SlidingWindow > 0 ? $", window {t.SlidingWindow} on {t.SlidingLayers.Count(s => s)} layers" : "";
        string decoder =
            $"{t.ModelType}: {t.Layers} layers, width {t.HiddenSize}, MLP {t.IntermediateSize}, " +
            $"{t.Heads} query heads over {t.KvHeads} key-value heads of {t.HeadDim}, scale {t.QueryScale:0.######}{caps}{window}";
        string vocabulary =
            $"{t.VocabSize} rows; image {checkpoint.Config.ImageTokenId}, bos {checkpoint.Config.BosTokenId}, " +
            $"eos {string.Join(" ", checkpoint.Config.EosTokenIds)}, pad {checkpoint.Config.PadTokenId}";
        Console.WriteLine($"""
            {MessageWriter.Name(checkpoint.Directory)}
              format      {Formats(checkpoint)}, {checkpoint.TotalBytes:N0} bytes, {checkpoint.Tensors.Count} tensors{head}
              vision      {vision}
              projector   {v.HiddenSize} -> {t.HiddenSize}
              decoder     {decoder}
              vocabulary  {vocabulary}
              context     {t.MaxPositions} tokens
              parameters  vision tower  {counts.VisionTower,15:N0}
                          projector     {counts.Projector,15:N0}
                          decoder       {counts.Decoder,15:N0}
                          total         {counts.Total,15:N0}
            """);
        if (!tensors) return;
        Console.WriteLine();
        foreach (CheckpointTensor tensor in checkpoint.Tensors.Values)
        {
            string stored = tensor.StoredName == tensor.Name ? "" : $": {tensor.StoredName}";
            Console.WriteLine($"  {tensor.DType,-4} {Shape(tensor),-18} {tensor.Name}  ({Path.GetFileName(tensor.Path)}{stored})");
        }
    }

    private static void WriteJson(Utf8JsonWriter o, Checkpoint checkpoint, bool tensors)
    {
        VisionConfig v = checkpoint.Config.Vision;
        TextConfig t = checkpoint.Config.Text;
        ParameterCounts counts = checkpoint.ParameterCounts;
        o.WriteStartObject();
        o.WriteString("directory", checkpoint.Directory);
        o.WriteString("format", Formats(checkpoint));
        o.WriteNumber("bytes", checkpoint.TotalBytes);
        o.WriteNumber("tensor_count", checkpoint.Tensors.Count);
        o.WriteBoolean("separate_head", checkpoint.HasSeparateHead);
        WriteNumbers(
            o, "vision",
            ("image_size", v.ImageSize), ("patch_size", v.PatchSize), ("patches", v.Patches), ("layers", v.Layers),
            ("hidden_size", v.HiddenSize), ("intermediate_size", v.IntermediateSize), ("heads", v.Heads), ("head_dim", v.HeadDim));
        WriteNumbers(
            o, "text",
            ("layers", t.Layers), ("hidden_size", t.HiddenSize), ("intermediate_size", t.IntermediateSize),
            ("heads", t.Heads), ("kv_heads", t.KvHeads), ("head_dim", t.HeadDim), ("query_scale", t.QueryScale),
            ("attention_softcap", t.AttentionSoftCap), ("final_softcap", t.FinalSoftCap), ("sliding_window", t.SlidingWindow),
            ("vocab_size", t.VocabSize), ("max_positions", t.MaxPositions));
        o.WriteString("text_model_type", t.ModelType);
        WriteNumbers(
            o, "parameters",
            ("vision_tower", counts.VisionTower), ("projector", counts.Projector), ("decoder", counts.Decoder), ("total", counts.Total));
        if (tensors)
        {
            o.WriteStartArray("tensors");
            foreach (CheckpointTensor tensor in checkpoint.Tensors.Values)
            {
                o.WriteStartObject();
                o.WriteString("name", tensor.Name);
                o.WriteString("stored_name", tensor.StoredName);
                o.WriteString("dtype", tensor.DType.ToString());
                o.WriteStartArray("shape");
                foreach (long dimension in tensor.Shape) o.WriteNumberValue(dimension);
                o.WriteEndArray();
                o.WriteString("file", Path.GetFileName(tensor.Path));
                o.WriteEndObject();
            }

            o.WriteEndArray();
        }

        o.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter o, string name, params ReadOnlySpan<(string Name, double Value)> members)
    {
        o.WriteStartObject(name);
        foreach ((string member, double value) in members) o.WriteNumber(member, value);
        o.WriteEndObject();
    }

    private static string Formats(Checkpoint checkpoint) =>
        string.Join(" + ", checkpoint.Tensors.Values.Select(t => t.DType).Distinct().Order());

    private static string Shape(CheckpointTensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";
}
