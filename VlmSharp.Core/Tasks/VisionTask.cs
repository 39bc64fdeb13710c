using System.Text.RegularExpressions;
using VlmSharp.Generation;

namespace VlmSharp.Tasks;

/// <summary>What a <see cref="VisionTask"/> asks for.</summary>
public enum TaskKind
{
    /// <summary>A sentence about the picture.</summary>
    Caption,

    /// <summary>The answer to a question.</summary>
    Ask,

    /// <summary>Boxes around things.</summary>
    Detect,

    /// <summary>Boxes around things, and their shapes.</summary>
    Segment,
}

/// <summary>
/// One of the tasks that PaliGemma was trained on, with the prompt used in training (Beyer et al. 2024, section 3.2.5): a lower-case word,
/// single spaces, <c> ; </c> between things.
/// </summary>
public sealed partial record VisionTask
{
    private VisionTask(TaskKind kind, string prompt, IReadOnlyList<string> things) => (Kind, Prompt, Things) = (kind, prompt, things);

    /// <summary>What it asks for.</summary>
    public TaskKind Kind { get; }

    /// <summary>The exact prompt.</summary>
    public string Prompt { get; }

    /// <summary>The things to find; empty for caption and ask.</summary>
    public IReadOnlyList<string> Things { get; }

    /// <summary>
    /// Whether boxes may have labels other than <see cref="Things"/>. This is for models trained so that, asked to <c>detect all
    /// classes</c>, they name what they find.
    /// </summary>
    public bool AnyLabel { get; init; }

    /// <summary>The task's name, as in the prompt and on the command line: caption, ask, detect or segment.</summary>
    public string Name => Kind switch
    {
        TaskKind.Caption => "caption",
        TaskKind.Ask => "ask",
        TaskKind.Detect => "detect",
        _ => "segment",
    };

    /// <summary>
    /// The most new tokens that its answer may need: a sentence has fewer than 128; a box takes about 8, with a mask 24.
    /// </summary>
    public int MaxNewTokens => Kind switch
    {
        TaskKind.Detect => 256,
        TaskKind.Segment => 512,
        _ => new GenerationOptions().MaxNewTokens,
    };

    /// <summary>Whether the answer consists of boxes.</summary>
    public bool HasBoxes => Kind is TaskKind.Detect or TaskKind.Segment;

    /// <summary>Describes the picture: <c>caption en</c>.</summary>
    /// <param name="language">A language code, such as en or de.</param>
    /// <returns>The task.</returns>
    /// <exception cref="RequestException">The language is blank.</exception>
    public static VisionTask Caption(string language = "en") => new(TaskKind.Caption, $"caption {Language(language)}", []);

    /// <summary>Answers a question: <c>answer en how many cats are there?</c></summary>
    /// <param name="question">As the user asks it.</param>
    /// <param name="language">The answer's language code.</param>
    /// <returns>The task.</returns>
    /// <exception cref="RequestException">The language is blank.</exception>
    public static VisionTask Ask(string question, string language = "en")
    {
        ArgumentNullException.ThrowIfNull(question);
        return new(TaskKind.Ask, $"answer {Language(language)} {question}", []);
    }

    /// <summary>Finds things: <c>detect cat ; dog</c>.</summary>
    /// <param name="things">What to find; one text may name several, separated by semicolons.</param>
    /// <returns>The task.</returns>
    /// <exception cref="RequestException">Nothing is named, or a name cannot be a label.</exception>
    public static VisionTask Detect(params IReadOnlyList<string> things) => Find(TaskKind.Detect, things);

    /// <summary>Finds things and their shapes: <c>segment cat ; dog</c>.</summary>
    /// <param name="things">What to find; one text may name several, separated by semicolons.</param>
    /// <returns>The task.</returns>
    /// <exception cref="RequestException">Nothing is named, or a name cannot be a label.</exception>
    public static VisionTask Segment(params IReadOnlyList<string> things) => Find(TaskKind.Segment, things);

    private static VisionTask Find(TaskKind kind, IReadOnlyList<string> things)
    {
        ArgumentNullException.ThrowIfNull(things);
        string[] names =
        [
            .. things.SelectMany(thing => thing.Split(';'))
                .Select(name => Spaces().Replace(name, " ").Trim())
                .Where(name => name.Length > 0)
                .Distinct(StringComparer.Ordinal),
        ];
        if (names.Length == 0)
        {
            throw new RequestException(
                "There is nothing to look for: name a thing, or several with semicolons between, for instance cat ; dog.");
        }

        foreach (string name in names)
            if (name.AsSpan().ContainsAny('<', '>'))
                throw new RequestException($"The thing {MessageText.Quote(name)} has a < or > in it, which mark tokens: leave them out.");
        return new VisionTask(kind, $"{(kind == TaskKind.Detect ? "detect" : "segment")} {string.Join(" ; ", names)}", names);
    }

    private static string Language(string code) =>
        string.IsNullOrWhiteSpace(code) ? throw new RequestException("The language is blank: give a code such as en.") : code.Trim();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
