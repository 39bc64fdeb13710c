using System.CommandLine;
using VlmSharp.Adapters;
using VlmSharp.Cli.Errors;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Options;

/// <summary>The <c>--adapter</c> option: any number of adapters beside one model.</summary>
internal sealed class AdapterOptionsBinder
{
    private readonly Option<string[]> adapter = new("--adapter")
    {
        Description = "A LoRA adapter's folder in PEFT's layout. May be repeated: a line of a batch, or the model name of a request, "
            + "chooses one; without a choice the first answers, and at a server the model without an adapter.",
        HelpName = "[NAME=]DIR",
        Arity = ArgumentArity.OneOrMore,
    };

    public AdapterOptionsBinder() => FileList.RefuseEmpty(adapter);

    /// <summary>An adapter from the command line.</summary>
    /// <param name="Name">The name that requests use for it.</param>
    public readonly record struct Given(string Name, string Folder);

    public void AddTo(Command command) => command.Add(adapter);

    /// <summary>The adapters, in the order of the command line.</summary>
    /// <exception cref="UsageException">A name is missing, used twice, or the base model's.</exception>
    public IReadOnlyList<Given> All(ParseResult parsed)
    {
        Given[] all = [.. (parsed.GetValue(adapter) ?? []).Select(Parse)];
        foreach (Given given in all)
        {
            if (string.IsNullOrWhiteSpace(given.Name) || given.Folder.Length == 0)
                throw new UsageException($"{adapter.Name} {given.Name}={given.Folder}: give NAME=DIR, or the folder alone.");
            if (given.Name == VisionLanguageModel.BaseName)
                throw new UsageException(
                    $"{adapter.Name} {given.Folder}: {given.Name} is the model without an adapter; give another name in front, NAME=DIR.");
            if (all.Count(a => a.Name == given.Name) > 1)
                throw new UsageException($"{adapter.Name}: two adapters are called {given.Name}; give them names, NAME=DIR.");
        }

        return all;
    }

    /// <summary>Names and fingerprints; null without adapters.</summary>
    public string? Describe(ParseResult parsed) => All(parsed) is { Count: > 0 } all
        ? string.Join(", ", all.Select(a => $"{a.Name}={AdapterFile.Fingerprint(a.Folder)}"))
        : null;

    /// <summary>Parses NAME=DIR, or a folder alone, whose own name becomes the adapter's.</summary>
    private static Given Parse(string text)
    {
        int at = Directory.Exists(text) ? -1 : text.IndexOf('=', StringComparison.Ordinal); // a folder's name may contain the sign
        return at < 0
            ? new Given(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text))), text)
            : new Given(text[..at], text[(at + 1)..]);
    }
}
