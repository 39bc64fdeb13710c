using System.CommandLine;

namespace VlmSharp.Cli.Errors;

/// <summary>
/// A suggestion for a word that a command does not know: our name for an option of common PyTorch scripts, or the most similar word.
/// </summary>
internal static class OptionHints
{
    private const int LongestWord = 64, MostCommands = 4;

    private static readonly (string Here, string Needs) OneFile = ("nothing: give the file's name without an option", "FILE"),
        OneFolder = ("nothing: give the folder's name without an option", "DIR");

    private static readonly (string Here, string Needs)[] OfPictures =
    [
        ("nothing: give the picture's name without an option", "IMAGE"),
        ("--image", "--image"),
        ("nothing: give the pictures' names without an option", "INPUT"),
        OneFile,
    ];

    private static readonly (string Here, string Needs)[] OfModels =
    [
        ("--model", "--model"),
        ("nothing: give the model's name without an option", "NAME"),
        ("nothing: give the model's folder without an option, before the new one", "IN"),
    ];

    private static readonly (string Here, string Needs)[] OfQuestions =
    [
        ("nothing: write the question after the picture", "QUESTION"),
        ("nothing: write the prompt after the picture", "PROMPT"),
        ("nothing: write the things to look for after the picture", "THING"),
    ];

    /// <summary>
    /// By the option's name in other programs: its name here, and the option or argument that a command must have for this hint to apply.
    /// </summary>
    private static readonly Dictionary<string, (string Here, string Needs)[]> Known = new(StringComparer.Ordinal)
    {
        ["use_qlora"] = [("--quantize nf4", "--quantize")],
        ["use_lora"] = [("nothing: an adapter is trained unless --full is given", "--full")],
        ["qlora_r"] = [("--lora-rank", "--lora-rank")],
        ["lora_r"] = [("--lora-rank", "--lora-rank")],
        ["qlora_alpha"] = [("--lora-alpha", "--lora-alpha")],
        ["qlora_dropout"] = [("--lora-dropout", "--lora-dropout")],
        ["learning_rate"] = [("--lr", "--lr")],
        ["num_epochs"] = [("--epochs", "--epochs")],
        ["num_train_epochs"] = [("--epochs", "--epochs")],
        ["max_steps"] = [("--steps", "--steps")],
        ["output_dir"] = [("--out", "--out"), OneFolder],
        ["train_data_path"] = [("--data", "--data")],
        ["val_data_path"] = [("--eval-data", "--eval-data")],
        ["per_device_train_batch_size"] = [("--batch-size", "--batch-size")],
        ["train_batch_size"] = [("--batch-size", "--batch-size")],
        ["gradient_accumulation_steps"] = [("--accumulate", "--accumulate")],
        ["max_grad_norm"] = [("--clip", "--clip")],
        ["lr_scheduler_type"] = [("--schedule", "--schedule")],
        ["resume_from_checkpoint"] = [("--resume", "--resume")],
        ["save_steps"] = [("--save-every", "--save-every")],
        ["eval_steps"] = [("--eval-every", "--eval-every")],
        ["target_modules"] = [("--lora-targets", "--lora-targets")],
        ["bf16"] = [("--precision bf16", "--precision")],
        ["max_tokens_to_generate"] = [("--max-new-tokens", "--max-new-tokens")],
        ["max_tokens"] = [("--max-new-tokens", "--max-new-tokens")],
        ["max_length"] = [("--max-new-tokens", "--max-new-tokens")],
        ["do_sample"] = [("--temperature, --top-k or --top-p: each of them begins sampling", "--temperature")],
        ["num_beams"] = [("--beams", "--beams")],
        ["only_cpu"] = [("nothing: the CPU computes unless --backend names another", "--backend")],
        ["image_file_path"] = OfPictures,
        ["image_path"] = OfPictures,
        ["image_file"] = OfPictures,
        ["image"] = OfPictures,
        ["prompt"] = [.. OfQuestions, ("another command: vlmsharp generate --prompt", "--lang")],
        ["question"] = OfQuestions,
        ["things"] = OfQuestions,
        ["data"] = [OneFile, (OneFile.Here, "WHAT")],
        ["adapter"] = [OneFolder],
        ["out"] = [OneFolder],
        ["model"] = OfModels,
        ["n_predict"] = [("--max-new-tokens", "--max-new-tokens")],
        ["temp"] = [("--temperature", "--temperature")],
        ["num_return_sequences"] = [("nothing: one answer is given; give several --seed in turn", "--seed")],
        ["device_map"] = [("--backend", "--backend")],
        ["use_cuda"] = [("--backend cuda", "--backend")],
        ["model_id"] = OfModels,
        ["checkpoint"] = OfModels,
        ["pretrained_model_name_or_path"] = OfModels,
        ["torch_dtype"] = [("nothing: weights are used as they are stored; --quantize makes them smaller", "--quantize")],
        ["dtype"] = [("nothing: weights are used as they are stored; --quantize makes them smaller", "--quantize")],
        ["model_path"] = OfModels,
        ["model_name_or_path"] = OfModels,
        ["load_in_4bit"] = [("--quantize nf4", "--quantize")],
        ["load_in_8bit"] = [("--quantize int8", "--quantize")],
    };

    /// <summary>The suggestion as a sentence; null if no word is similar.</summary>
    /// <param name="token">The word as given; an option includes its dashes.</param>
    /// <param name="command">The command that does not know it.</param>
    /// <returns>The hint.</returns>
    public static string? For(string token, Command command)
    {
        if (!token.StartsWith('-'))
        {
            return Nearest(token, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)) is { } name
                ? $"Did you mean {name}?"
                : null;
        }

        string word = WordOf(token);
        string[] names = [.. Options(command)];
        if (names.Contains($"--{word}")) return $"Did you mean --{word}?"; // it had one dash
        if (Known.TryGetValue(word.Replace('-', '_'), out (string Here, string Needs)[]? ways))
        {
            foreach ((string here, string needs) in ways)
                if (names.Contains(needs) || command.Arguments.Any(a => a.Name == needs)) return $"Here it is {here}.";
        }

        return Nearest(word, names.Select(n => n.TrimStart('-'))) is { } near ? $"Did you mean --{near}?" : Elsewhere(word, command);
    }

    /// <summary>
    /// The first word that is a long option with one dash, such as -model, of which the library makes -m and the value "odel"; null if
    /// there is none.
    /// </summary>
    /// <param name="words">The command line.</param>
    /// <param name="command">The command that the words call; its options and names are known.</param>
    public static string? OneDash(string[] words, Command command) => words.TakeWhile(word => word != "--").FirstOrDefault(word =>
        word.Length > 2 && word[0] == '-' && char.IsAsciiLetter(word[1])
        && (Options(command).Contains($"--{WordOf(word)}") || Known.ContainsKey(WordOf(word).Replace('-', '_'))));

    /// <summary>What is meant by a word that other programs take where an option takes a number; null if it is not known.</summary>
    /// <param name="option">The name of the option with its dashes.</param>
    /// <param name="value">Its value.</param>
    public static string? ForValue(string option, string value) => option != "--device" ? null : value.ToLowerInvariant().Split(':') switch
    {
        ["cpu"] => "--backend cpu",
        ["cuda" or "gpu"] => "--backend cuda",
        ["cuda" or "gpu", var number] => $"--backend cuda --device {number}",
        ["opencl"] => "--backend opencl",
        _ => null,
    };

    /// <summary>
    /// The command below another one that a word was meant to be, where the word is taken for a file (<c>eval scroe</c>); otherwise null.
    /// </summary>
    /// <param name="word">The first word after the command's name.</param>
    /// <param name="command">The command that the words call; its options and names are known.</param>
    public static string? Subcommand(string word, Command command) =>
        Path.Exists(word) ? null : Nearest(word, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));

    // The option without dashes and value, with dashes inside it.
    private static string WordOf(string token) => token.TrimStart('-').Split('=')[0].Replace('_', '-');

    /// <summary>The commands that have an option of this name; null if there are none, or too many to name.</summary>
    private static string? Elsewhere(string word, Command command)
    {
        Command root = command;
        while (root.Parents.OfType<Command>().FirstOrDefault() is { } parent) root = parent;
        string[] have = [.. Below(root, "").Where(c => c.Command.Options.Any(o => !o.Hidden && o.Name == $"--{word}")).Select(c => c.Name)];
        return have.Length is 0 or > MostCommands ? null : $"--{word} is an option of {string.Join(" and ", have)}.";
    }

    private static IEnumerable<(Command Command, string Name)> Below(Command command, string path) => command.Subcommands
        .Where(c => !c.Hidden)
        .SelectMany(c => Below(c, $"{path}{c.Name} ").Prepend((c, $"{path}{c.Name}")));

    /// <summary>The long names of a command's options, including options inherited from its parent commands.</summary>
    private static IEnumerable<string> Options(Command command) => command.Options
        .Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(o => o.Recursive)))
        .Where(o => !o.Hidden)
        .SelectMany(o => o.Aliases.Prepend(o.Name))
        .Where(name => name.StartsWith("--", StringComparison.Ordinal));

    /// <summary>
    /// The name with the fewest typing errors, at most one for every three letters of the word; or the only name that starts with the word.
    /// </summary>
    private static string? Nearest(string word, IEnumerable<string> names)
    {
        if (word.Length is 0 or > LongestWord) return null;
        string[] all = [.. names];
        if (all.Length == 0) return null;
        string nearest = all.MinBy(name => EditDistance.Of(word, name))!;
        if (EditDistance.Of(word, nearest) <= Math.Max(1, word.Length / 3)) return nearest;
        return word.Length > 2 && all.Where(name => name.StartsWith(word, StringComparison.Ordinal)).ToArray() is [var only] ? only : null;
    }
}
