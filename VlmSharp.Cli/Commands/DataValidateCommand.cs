using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Training.Data;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp data validate</c>: finds the faults of a dataset before a training run does.</summary>
internal static class DataValidateCommand
{
    private const int DefaultTop = 20;

    public static Command Create()
    {
        var reading = new DataOptionsBinder();
        Option<string?> model = ModelOptionsBinder.ModelOption("Count tokens as this model does; without it characters are counted.");
        Option<int?> textLength = NumberOption.Create<int>(
            "--text-length", "N", "Say how many texts have more tokens than this, question and answer together; needs --model.");
        Option<int?> top = NumberOption.Create<int>(
            "--top", "N", $"Most frequent classes, answers and questions to show (default: {DefaultTop}).");
        var quick = new Option<bool>("--quick") { Description = "Look whether pictures are there, and do not decode them." };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of tables." };
        var command = new ExampleCommand("validate", "Says what is missing, empty, too long, double or turned in training data.", """
            Exit code 65 where training would fail: bad lines, and pictures that are missing or damaged. All else is worth a look: a
            picture that its EXIF orientation turns, for instance, has boxes in other places if they were drawn without turning it.

            Examples:
              vlmsharp data validate train.jsonl
              vlmsharp data validate train.jsonl --model paligemma-3b-pt-224 --text-length 128
              vlmsharp data validate instances_val2017.json --images val2017 --json | jq .classes
            """);
        reading.AddTo(command);
        foreach (Option option in new Option[] { model, textLength, top, quick, json }) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int shown = NumberOption.InRange(parsed, top, 0, 1_000_000) ?? DefaultTop;
            int? most = parsed.GetValue(textLength);
            if (most is not null && parsed.GetValue(model) is null)
                throw new UsageException("--text-length counts a model's tokens: give --model too.");
            string path = reading.Path(parsed);
            var validator = new DataValidator(
                parsed.GetValue(model) is { } folder ? DataOptionsBinder.Encoder(ModelOptionsBinder.FolderOf(folder), most) : null,
                !parsed.GetValue(quick));
            DataOptions options = reading.Bind(parsed);
            DataReport report = await Progress.RunAsync(
                $"looking at {Path.GetFileName(path)}",
                progress => validator.Validate(path, options, progress, cancellationToken),
                cancellationToken);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => DataReportOutput.Write(o, report, shown));
            else DataReportOutput.Show(report, shown);
            return report.IsBad ? ExitCodes.BadData : ExitCodes.Success;
        });
        return command;
    }
}
