using System.CommandLine;
using System.Globalization;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.Output;

/// <summary>The names of output files, made from each picture's name, and a number if one picture gives several files.</summary>
internal sealed class OutputName
{
    private const string Name = "{name}", Number = "{n}";

    private readonly Option option;
    private readonly string template;
    private readonly Dictionary<string, string> pictureOf = []; // by output file

    private OutputName(Option option, string template) => (this.option, this.template) = (option, template);

    /// <summary>Whether the name contains the number of the file.</summary>
    public bool IsNumbered => template.Contains(Number, StringComparison.Ordinal);

    /// <summary>Reads the value of an option and detects errors early.</summary>
    /// <param name="option">The option, for messages.</param>
    /// <param name="template">Its value, or null.</param>
    /// <param name="many">Whether there may be several pictures.</param>
    /// <param name="mayNumber">Whether there may be several files per picture.</param>
    /// <param name="kind">The extension of the files; null to accept any.</param>
    /// <returns>The name, or null if the option was not given.</returns>
    public static OutputName? Of(Option option, string? template, bool many, bool mayNumber, string? kind = null)
    {
        if (template is null) return null;
        var name = new OutputName(option, template);
        if (many && !template.Contains(Name, StringComparison.Ordinal))
            throw new UsageException(
                $"{option.Name} {template}: each picture would overwrite the file of the one before; "
                + $"put {Name} where the picture's name belongs.");
        if (name.IsNumbered && !mayNumber)
            throw new UsageException($"{option.Name} {template}: there is one file for each picture, so leave {Number} out.");
        if (Path.GetDirectoryName(template)?.Contains(Name, StringComparison.Ordinal) != true) OutputFolder.Require(template, option, kind);
        else if (kind is not null) OutputFolder.RefuseOtherKind(template, option, kind);
        return name;
    }

    /// <summary>The file of a picture.</summary>
    /// <param name="picture">The picture's path.</param>
    /// <param name="number">Which of its files, from 1.</param>
    /// <exception cref="UsageException">The file is the picture itself, or the file of another picture.</exception>
    public string For(string picture, int number = 1)
    {
        string target = template
            .Replace(Number, number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace(Name, PictureInput.NameOf(picture), StringComparison.Ordinal);
        string full = Path.GetFullPath(target), source = Path.GetFullPath(picture);
        if (full == source && picture != PictureInput.Standard) throw new UsageException($"{option.Name} {template}: that would "
            + $"overwrite the picture {picture} itself; give another name.");
        if (!pictureOf.TryAdd(full, source) && pictureOf[full] != source)
            throw new UsageException(
                $"{option.Name} {template}: {picture} and {pictureOf[full]} would both have the file {target}; "
                + "give pictures of the same name in different runs.");
        return target;
    }
}
