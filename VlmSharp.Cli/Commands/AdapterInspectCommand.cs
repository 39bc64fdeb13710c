using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp adapter inspect</c>: what an adapter's folder holds, and whether it fits a model.</summary>
internal static class AdapterInspectCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The adapter's folder." };
        Option<string?> model = ModelOptionsBinder.ModelOption("Also say whether it fits this model.");
        var json = new Option<bool>("--json") { Description = "One JSON object instead of text." };
        var command = new ExampleCommand("inspect", "Shows an adapter's layers, ranks and scales.", """
            With --model, an adapter that does not fit it ends with code 3, and what does not fit is listed.

            Examples:
              vlmsharp adapter inspect my-adapter
              vlmsharp adapter inspect my-adapter --model paligemma-3b-pt-224 --json
            """) { folder, model, json };
        FileList.RefuseOptions(folder);
        command.SetAction(async parsed =>
        {
            using AdapterFile file = AdapterFile.Open(parsed.GetValue(folder)!);
            PaliGemmaConfig? config = parsed.GetValue(model) is { } directory
                ? Checkpoint.ReadConfig(ModelOptionsBinder.FolderOf(directory))
                : null;
            string? problem = config is null ? null : ProblemOf(file, config);
            IReadOnlyList<string> unmatched = config is null ? [] : file.Unmatched(config);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => WriteJson(o, file, config is not null, problem, unmatched));
            else WriteText(file, parsed.GetValue(model), problem, unmatched);
            if (problem is null) return ExitCodes.Success;
            await Console.Error.WriteLineAsync($"vlmsharp: {problem}");
            return ExitCodes.Model;
        });
        return command;
    }

    private static string? ProblemOf(AdapterFile file, PaliGemmaConfig config)
    {
        try
        {
            file.RequireFit(config);
            return null;
        }
        catch (ModelFormatException e)
        {
            return e.Message;
        }
    }

    private static void WriteText(AdapterFile file, string? model, string? problem, IReadOnlyList<string> unmatched)
    {
        AdapterConfig config = file.Config;
        string scaling = config.UseRsLora ? " with rank-stabilized scale" : "";
        Console.WriteLine($"""
            {MessageWriter.Name(file.Directory)}
              type        LoRA{scaling}, rank {config.Rank}, alpha {Number(config.Alpha)}, dropout {Number(config.Dropout)}
              base        {config.BaseModel ?? "not named"}
              targets     {config.TargetModules}{(config.ExcludeModules is { } excluded ? $", without {excluded}" : "")}
              parameters  {file.Parameters:N0} in {file.Modules.Count} layers, {string.Join(" + ", file.Formats)}
            """);
        if (model is not null)
        {
            string lacks = unmatched.Count > 0 ? $", which lacks {string.Join(", ", unmatched)}" : "";
            Console.WriteLine($"  model       {(problem is null ? "fits" : "does not fit")} {MessageWriter.Name(model)}{lacks}");
        }

        Table table = Tables.Create("layers", "count", "in", "out", "rank", "alpha", "scale", "parameters");
        foreach (var kind in file.Modules.GroupBy(m => (Name: Kind(m.Name), m.Inputs, m.Outputs, m.Rank, m.Alpha, m.Scale)))
        {
            var (name, inputs, outputs, rank, alpha, scale) = kind.Key;
            table.AddPlainRow(
                name, $"{kind.Count()}", $"{inputs}", $"{outputs}", $"{rank}", Number(alpha), Number(scale),
                $"{kind.Sum(m => m.Parameters):N0}");
        }

        Tables.Write(table);
    }

    private static void WriteJson(Utf8JsonWriter o, AdapterFile file, bool compared, string? problem, IReadOnlyList<string> unmatched)
    {
        AdapterConfig config = file.Config;
        o.WriteStartObject();
        o.WriteString("directory", file.Directory);
        o.WriteNumber("rank", config.Rank);
        o.WriteNumber("alpha", config.Alpha);
        o.WriteBoolean("rslora", config.UseRsLora);
        o.WriteNumber("dropout", config.Dropout);
        o.WriteString("base_model", config.BaseModel);
        o.WriteString("target_modules", config.TargetModules.ToString());
        o.WriteString("format", string.Join(" + ", file.Formats));
        o.WriteNumber("parameters", file.Parameters);
        o.WriteNumber("module_count", file.Modules.Count);
        if (compared)
        {
            o.WriteBoolean("fits", problem is null);
            o.WriteString("problem", problem);
            o.WriteStartArray("unmatched");
            foreach (string name in unmatched) o.WriteStringValue(name);
            o.WriteEndArray();
        }

        o.WriteStartArray("modules");
        foreach (AdaptedModule module in file.Modules)
        {
            o.WriteStartObject();
            o.WriteString("name", module.Name);
            o.WriteNumber("in", module.Inputs);
            o.WriteNumber("out", module.Outputs);
            o.WriteNumber("rank", module.Rank);
            o.WriteNumber("alpha", module.Alpha);
            o.WriteNumber("scale", module.Scale);
            o.WriteNumber("parameters", module.Parameters);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    /// <summary>A layer's name with * for each number, so that the same layer of every block has one name.</summary>
    private static string Kind(string name) => string.Join('.', name.Split('.').Select(part => part.All(char.IsAsciiDigit) ? "*" : part));

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
