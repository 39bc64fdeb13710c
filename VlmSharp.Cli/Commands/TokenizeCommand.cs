using System.CommandLine;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp tokenize</c>: converts JSON strings to JSON arrays of ids and back, line by line.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelOptionsBinder.ModelOption();
        var raw = new Option<bool>("--raw") { Description = "The text alone: nothing added, control tokens as tokens." };
        var decode = new Option<bool>("--decode") { Description = "The other way: arrays of ids to strings, special tokens kept." };
        var command = new ExampleCommand("tokenize", "Turns text into token ids and back, line by line.", """
            Reads one JSON string a line and prints one JSON array of token ids a line: the whole prompt for one picture, as the
            model gets it, or with --raw the text alone. With --decode arrays of ids become strings.

            Examples:
              echo '"caption en"' | vlmsharp tokenize
              echo '"caption en"' | vlmsharp tokenize --raw
              echo '[2, 907, 695, 1]' | vlmsharp tokenize --decode
            """) { model, raw, decode };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(raw) && parsed.GetValue(decode))
                throw new UsageException("--raw and --decode exclude each other: give one.");
            string folder = ModelOptionsBinder.FolderOf(parsed.GetValue(model));
            ITokenizer tokenizer = TokenizerLoader.Load(folder);
            bool plain = parsed.GetValue(raw);
            int placeholders = plain || parsed.GetValue(decode) ? 0 : Checkpoint.ReadConfig(folder).Vision.Patches;
            TextReader input = PipedInput.Standard.Text();
            for (int number = 1; input.ReadLine() is { } line; number++)
            {
                if (line.Length == 0) continue;
                using JsonDocument json = Parse(line, number);
                Console.Out.WriteLine(parsed.GetValue(decode)
                    ? Decode(tokenizer, json.RootElement, number)
                    : Encode(tokenizer, json.RootElement, number, plain, placeholders));
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static JsonDocument Parse(string line, int number)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new UsageException($"Line {number} of standard input is not JSON: {e.Message}");
        }
    }

    private static string Encode(ITokenizer tokenizer, JsonElement value, int number, bool raw, int placeholders)
    {
        if (value.ValueKind != JsonValueKind.String) throw new UsageException($"Line {number} of standard input is not a JSON string.");
        string text = Text(value, number);
        int[] ids = raw ? tokenizer.Encode(text, ControlTokens.AsTokens) : PromptTokens.Build(tokenizer, text, placeholders);
        return JsonOutput.ToText(json =>
        {
            json.WriteStartArray();
            foreach (int id in ids) json.WriteNumberValue(id);
            json.WriteEndArray();
        });
    }

    private static string Text(JsonElement value, int number)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"Line {number} of standard input holds half of a surrogate pair, which is no text.");
        }
    }

    private static string Decode(ITokenizer tokenizer, JsonElement value, int number)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw new UsageException($"Line {number} of standard input is not a JSON array of token ids.");
        var ids = new List<int>(value.GetArrayLength());
        foreach (JsonElement element in value.EnumerateArray())
            ids.Add(element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0
                ? id
                : throw new UsageException($"Line {number} of standard input: {element.GetRawText()} is not a token id."));
        string text = tokenizer.Decode(ids.ToArray(), skipSpecial: false);
        return JsonOutput.ToText(json => json.WriteStringValue(text));
    }
}
