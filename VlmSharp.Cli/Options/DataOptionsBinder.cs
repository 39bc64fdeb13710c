using System.CommandLine;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;
using VlmSharp.Training.Data;

namespace VlmSharp.Cli.Options;

/// <summary>The data file of the training commands, and the options that say how to read it.</summary>
internal sealed class DataOptionsBinder
{
    private const int MostAbsent = 1000;

    private readonly Argument<string> file = new("FILE")
    {
        Description = "Data: a JSONL file, a file of COCO or VQA, or a folder of pictures.",
    };

    private readonly Option<string?> format = new Option<string?>("--format")
    {
        Description = "The form of the data (default: detected from the contents).",
        HelpName = "F",
    };

    private readonly Option<string?> prefix = new("--prefix")
    {
        Description = "What to ask, where the data do not say; {question} and {labels} in it are the data's.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> images = new("--images")
    {
        Description = "Folder of the pictures of COCO and VQA files (default: the file's own).",
        HelpName = "DIR",
    };

    private readonly Option<string?> annotations = new("--annotations")
    {
        Description = "File of the answers of VQA (default: beside the questions).",
        HelpName = "FILE",
    };

    private readonly Option<string?> encoder = new("--mask-encoder")
    {
        Description = "Make segmentation tokens of COCO's masks with this network: vae-oid.npz, which is segment's --mask-decoder too.",
        HelpName = "FILE",
    };

    private readonly Option<int?> absent = NumberOption.Create<int>(
        "--absent", "N",
        $"Instances of COCO: ask for each class by itself, and in each picture for N more that are not there, 0 to {MostAbsent}.");

    public DataOptionsBinder()
    {
        format.AcceptOnlyFromAmong([.. DataFormats.All]);
        FileList.RefuseOptions(file);
        foreach (Option option in new Option[] { images, annotations, encoder }) FileList.RefuseEmpty(option);
    }

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(file);
        AddOptionsTo(command);
    }

    /// <summary>Adds only the options, for a command that gets its file from another option.</summary>
    public void AddOptionsTo(Command command)
    {
        foreach (Option option in new Option[] { format, prefix, images, annotations, encoder, absent }) command.Add(option);
    }

    /// <summary>The path of the file or folder, which exists.</summary>
    /// <exception cref="FileNotFoundException">It does not exist.</exception>
    public string Path(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(file);
        return System.IO.Path.Exists(path) ? path
            : throw new FileNotFoundException($"{path} does not exist: give a data file, or a folder of pictures.");
    }

    /// <summary>How to read the data. Loads the mask encoder if one is given.</summary>
    public DataOptions Bind(ParseResult parsed)
    {
        var options = new DataOptions
        {
            Format = parsed.GetValue(format) is { } name ? DataFormats.Find(name) : null,
            Prefix = parsed.GetValue(prefix),
            ImageFolder = parsed.GetValue(images),
            Annotations = parsed.GetValue(annotations),
            AbsentClasses = NumberOption.InRange(parsed, absent, 0, MostAbsent),
        };
        return parsed.GetValue(encoder) is { } path ? options with { MaskEncoder = MaskEncoder.Load(path) } : options;
    }

    /// <summary>Makes an encoder that tokenizes examples as a model does.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="textLength">The most tokens that a text may have, or null for no limit.</param>
    public static ExampleEncoder Encoder(string folder, int? textLength) => textLength < 1
        ? throw new UsageException($"--text-length {textLength}: give at least 1.")
        : new ExampleEncoder(Checkpoint.ReadConfig(folder), TokenizerLoader.Load(folder), textLength);
}
